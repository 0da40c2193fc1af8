import { basename, resolve } from "node:path";
import { assertWritableOutput } from "./bundle/output/assert-writable-output.ts";
import { ChangedFileError } from "./bundle/changed-file-error.ts";
import { readHeld } from "./bundle/delta/read-held.ts";
import type { SiteFile } from "./bundle/delta/site-file.ts";
import { readLock } from "./bundle/lock.ts";
import { type WrittenBundle, writeBundle } from "./bundle/write-bundle.ts";
import { ChunkPool } from "./core/chunks/pool.ts";
import { type WorkOptions, keepingWarnings } from "./core/progress.ts";
import type { Definition } from "./definition/definition.ts";
import { sourceDateEpoch } from "./definition/source-date-epoch.ts";
import { type StagingPlace, stagingPlace } from "./definition/staging-place.ts";
import { gatherContents } from "./gather-contents.ts";
import type { RegistrySettings } from "./registry/registry-settings.ts";
import type { CreatePlan } from "./source/create-plan.ts";
import { refuseCloudName } from "./source/model-checks.ts";
import { defaultStagingDirectory } from "./staging/default-directory.ts";
import { StagingVolume } from "./staging/staging-volume.ts";
import { useVolume } from "./staging/volume-use.ts";

export interface CreateOptions extends WorkOptions, RegistrySettings {
  /** Path of the bundle. */
  readonly output: string;
  /** Bytes of each part, where the bundle is to be written in parts. */
  readonly partSize?: number | undefined;
  /** Replace what is there. */
  readonly force?: boolean | undefined;
  /**
   * The staging volume; by default `ollama-bundle/staging` below XDG_CACHE_HOME or ~/.cache. With `pullWith`, `volume:NAME` of
   * the Docker volume that is pulled into, and what is brought here from there goes to the default.
   */
  readonly staging?: string | undefined;
  /** `ollama`: the models are pulled by the Ollama of the image that is packed, instead of by us. */
  readonly pullWith?: string | undefined;
  /** An existing model store to take the models from, instead of a registry: `DIR`, `volume:NAME` or `container:NAME`. */
  readonly fromStore?: string | undefined;
  /** A mirror for names whose host is registry.ollama.ai. */
  readonly modelRegistry?: string | undefined;
  /** Bundles that the site has installed, or their MODELS.json: what they brought is left out. */
  readonly since?: readonly string[] | undefined;
  /** The site file of the site that this is for: what it holds is left out. */
  readonly site?: string | undefined;
  /** An earlier bundle, or its MODELS.json, of which every model and image must still be what it was there. */
  readonly locked?: string | undefined;
  /** Stop after the plan. */
  readonly dryRun?: boolean | undefined;
  /** Called with the plan before anything is fetched, and again once models are pulled of which nothing was known before. */
  readonly onPlan?: ((plan: CreatePlan) => void) | undefined;
}

export interface CreateReport {
  readonly plan: CreatePlan;
  /** Missing after a dry run. */
  readonly bundle?: WrittenBundle;
  /** Where the site keeps its models, as its site file tells. */
  readonly modelsIn?: SiteFile["modelsIn"] | undefined;
  readonly warnings: readonly string[];
}

/**
 * Packs what a definition asks for into one file, or its parts, and sidecars. Throws {@link DefinitionError}, {@link SourceError},
 * {@link EngineError} or {@link HostError}; nothing is ever left under the final name that is not whole.
 */
export async function createBundle(
  definition: Definition,
  options: CreateOptions,
): Promise<CreateReport> {
  const { env = process.env, force = false, partSize } = options;
  const { name, platform } = definition;
  const { work, warnings } = keepingWarnings(options);
  const output = resolve(options.output);
  const mtime = sourceDateEpoch(env);
  const { directory, pullVolume } = stagingPlaceOf(options);
  for (const model of definition.models) refuseCloudName(model);
  await assertWritableOutput(output, { force });
  const { held, site } = await readHeld(options, work);
  const lock = options.locked === undefined ? undefined : await readLock(options.locked);
  await using pool = new ChunkPool();
  const volume = await StagingVolume.open(resolve(directory ?? defaultStagingDirectory(env)), pool);
  await using _inUse = await useVolume(volume.directory, work);
  const into = { volume, pullVolume, output, held, site, lock };
  const { plan, staged } = await gatherContents(definition, into, { ...options, ...work });
  if (staged === undefined) return { plan, warnings };
  work.onProgress?.({ kind: "step", text: `Packing ${basename(output)}` });
  try {
    const bundle = await writeBundle(
      { name, platform, ...staged, held },
      { path: output, pool, mtime, force, partSize },
      work,
    );
    return { plan, bundle, modelsIn: site?.modelsIn, warnings };
  } catch (error) {
    if (error instanceof ChangedFileError) await volume.distrust(error.sha256);
    throw error;
  }
}

function stagingPlaceOf(options: CreateOptions): StagingPlace {
  const { staging, pullWith, fromStore, modelRegistry, ollamaKey, ca, limitRate, parallel } =
    options;
  const others = {
    "from-store": fromStore,
    "model-registry": modelRegistry,
    "ollama-key": ollamaKey,
    ca,
    "limit-rate": limitRate,
    parallel,
  };
  return stagingPlace({ staging, pullWith, others });
}

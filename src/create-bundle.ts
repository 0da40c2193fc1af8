import { basename, resolve } from "node:path";
import { assertWritableOutput } from "./bundle/output/assert-writable-output.ts";
import { ChangedFileError } from "./bundle/changed-file-error.ts";
import { readHeld } from "./bundle/delta/read-held.ts";
import type { SiteFile } from "./bundle/delta/site-file.ts";
import { readLock } from "./bundle/lock.ts";
import { type WrittenBundle, writeBundle } from "./bundle/write-bundle.ts";
import { ChunkPool } from "./core/chunks/pool.ts";
import { keepingWarnings } from "./core/progress.ts";
import type { CreateOptions } from "./create-options.ts";
import type { Definition } from "./definition/definition.ts";
import { sourceDateEpoch } from "./definition/source-date-epoch.ts";
import { type StagingPlace, stagingPlace } from "./definition/staging-place.ts";
import { gatherContents } from "./gather-contents.ts";
import type { CreatePlan } from "./source/create-plan.ts";
import { refuseCloudName } from "./source/model-checks.ts";
import { defaultStagingDirectory } from "./staging/default-directory.ts";
import { StagingVolume } from "./staging/staging-volume.ts";
import { useVolume } from "./staging/volume-use.ts";

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

import { basename, resolve } from "node:path";
import { assertFewFiles } from "./bundle/assert-few-files.ts";
import { assertWritableOutput } from "./bundle/assert-writable-output.ts";
import { ChangedFileError } from "./bundle/changed-file-error.ts";
import { assertEnoughNumbers } from "./bundle/split-size.ts";
import { type WrittenBundle, writeBundle } from "./bundle/write-bundle.ts";
import { ChunkPool } from "./core/chunks/pool.ts";
import { type WorkOptions, keepingWarnings } from "./core/progress.ts";
import type { Definition } from "./definition/definition.ts";
import { sourceDateEpoch } from "./definition/source-date-epoch.ts";
import { type RegistrySettings, readRegistrySettings } from "./registry/registry-settings.ts";
import { chooseImage } from "./source/choose-image.ts";
import { type CreatePlan, assertEnoughSpace, planCreate } from "./source/create-plan.ts";
import { ollamaVersionInName } from "./source/image-ollama-version.ts";
import { checkManifest, refuseCloudName } from "./source/model-checks.ts";
import { createRegistryModelSource } from "./source/registry-models.ts";
import type { ResolvedModel } from "./source/source.ts";
import { type ResolvedContents, type Sources, stageContents } from "./source/stage-contents.ts";
import { createStoreModelSource } from "./source/store-models.ts";
import { defaultStagingDirectory } from "./staging/default-directory.ts";
import { StagingVolume } from "./staging/staging-volume.ts";

export interface CreateOptions extends WorkOptions, RegistrySettings {
  /** Path of the bundle. */
  readonly output: string;
  /** Bytes of each part, where the bundle is to be written in parts. */
  readonly partSize?: number | undefined;
  /** Replace what is there. */
  readonly force?: boolean | undefined;
  /** The staging volume; by default `ollama-bundle/staging` below XDG_CACHE_HOME or ~/.cache. */
  readonly staging?: string | undefined;
  /** An existing model store to take the models from, instead of a registry. */
  readonly fromStore?: string | undefined;
  /** A mirror for names whose host is registry.ollama.ai. */
  readonly modelRegistry?: string | undefined;
  /** Stop after the plan. */
  readonly dryRun?: boolean | undefined;
  /** Called with the plan before anything is fetched. */
  readonly onPlan?: ((plan: CreatePlan) => void) | undefined;
}

export interface CreateReport {
  readonly plan: CreatePlan;
  /** Missing after a dry run. */
  readonly bundle?: WrittenBundle;
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
  for (const model of definition.models) refuseCloudName(model);
  await assertWritableOutput(output, { force });
  await using pool = new ChunkPool();
  const volume = await StagingVolume.open(
    resolve(options.staging ?? defaultStagingDirectory(env)),
    pool,
  );
  const sources = await chooseSources(definition, volume, { ...options, ...work });
  const resolved = await resolveContents(definition, sources, work);
  const imageFrom = sources.image?.from;
  const where = { output, staging: volume.directory };
  const plan = await planCreate({ ...resolved, ...where, name, platform, imageFrom });
  options.onPlan?.(plan);
  assertFewFiles(plan.files);
  if (partSize !== undefined) assertEnoughNumbers(partSize, plan.bundleAtMost ?? 0);
  if (options.dryRun === true) return { plan, warnings };
  await assertEnoughSpace(plan);
  const staged = await stageContents(resolved, sources, work);
  work.onProgress?.({ kind: "step", text: `Packing ${basename(output)}` });
  try {
    const bundle = await writeBundle(
      { name, platform, ...staged },
      { path: output, pool, mtime, force, partSize },
      work,
    );
    return { plan, bundle, warnings };
  } catch (error) {
    if (error instanceof ChangedFileError) await volume.distrust(error.sha256);
    throw error;
  }
}

async function chooseSources(
  { image, platform }: Definition,
  volume: StagingVolume,
  { env = process.env, fromStore, modelRegistry, signal, onProgress, ...settings }: CreateOptions,
): Promise<Sources> {
  const { ollamaKey, ...registries } = await readRegistrySettings({ ...settings, env });
  const ollamaVersion = image && ollamaVersionInName(image);
  const models =
    fromStore === undefined
      ? createRegistryModelSource({
          ...registries,
          volume,
          modelRegistry,
          ollamaKey,
          ollamaVersion,
        })
      : createStoreModelSource({ store: resolve(fromStore), volume });
  if (image === undefined) return { models };
  const options = { platform, volume, env, registries, signal, onProgress };
  return { models, image: await chooseImage(image, options) };
}

async function resolveContents(
  { models }: Definition,
  sources: Sources,
  work: WorkOptions,
): Promise<ResolvedContents> {
  work.onProgress?.({ kind: "step", text: "Looking up what there is" });
  const resolved: ResolvedModel[] = [];
  for (const name of models) {
    const model = await sources.models.resolve(name, work);
    checkManifest(model.name, model.manifest, work.onProgress);
    resolved.push(model);
  }
  return { models: resolved, image: await sources.image?.resolve(work) };
}

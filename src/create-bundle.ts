import { basename, resolve } from "node:path";
import { assertFewFiles } from "./bundle/output/assert-few-files.ts";
import { assertWritableOutput } from "./bundle/output/assert-writable-output.ts";
import { ChangedFileError } from "./bundle/changed-file-error.ts";
import { type Held, holdsImage } from "./bundle/delta/held.ts";
import { readHeld } from "./bundle/delta/read-held.ts";
import type { SiteFile } from "./bundle/delta/site-file.ts";
import { siteWarnings } from "./bundle/delta/site-warnings.ts";
import { assertImageLocked, assertLocked, readLock } from "./bundle/lock.ts";
import { assertEnoughNumbers } from "./bundle/parts/split-size.ts";
import { type WrittenBundle, writeBundle } from "./bundle/write-bundle.ts";
import { ChunkPool } from "./core/chunks/pool.ts";
import { type WorkOptions, keepingWarnings } from "./core/progress.ts";
import type { Definition } from "./definition/definition.ts";
import { sourceDateEpoch } from "./definition/source-date-epoch.ts";
import { parseStoreLocation } from "./definition/store-location.ts";
import { type RegistrySettings, readRegistrySettings } from "./registry/registry-settings.ts";
import { chooseImage } from "./source/choose-image.ts";
import { type ChosenModels, chooseModels } from "./source/choose-models.ts";
import { type CreatePlan, assertEnoughSpace, planCreate } from "./source/create-plan.ts";
import { ollamaVersionInName } from "./source/image-ollama-version.ts";
import { checkManifest, refuseCloudName } from "./source/model-checks.ts";
import type { ResolvedModel, StagedImage } from "./source/source.ts";
import { type ResolvedContents, type Sources, stageContents } from "./source/stage-contents.ts";
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
  /** The staging volume; by default `ollama-bundle/staging` below XDG_CACHE_HOME or ~/.cache. */
  readonly staging?: string | undefined;
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
  /** Called with the plan before anything is fetched. */
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
  for (const model of definition.models) refuseCloudName(model);
  await assertWritableOutput(output, { force });
  const { held, site } = await readHeld(options, work);
  const lock = options.locked === undefined ? undefined : await readLock(options.locked);
  await using pool = new ChunkPool();
  const volume = await StagingVolume.open(
    resolve(options.staging ?? defaultStagingDirectory(env)),
    pool,
  );
  await using _inUse = await useVolume(volume.directory, work);
  const sources = await chooseSources(definition, volume, { ...options, ...work });
  await using _models = sources.models;
  const resolved = await resolveContents(definition, sources, work);
  assertLocked(lock, { ...resolved, platform });
  const imageFrom = sources.image?.from;
  const where = { output, staging: volume.directory };
  const plan = await planCreate({
    ...resolved,
    ...where,
    name,
    platform,
    imageFrom,
    held: held && { blobs: held.blobs, image: isHeld(resolved, held) },
  });
  for (const text of site === undefined ? [] : siteWarnings(site, plan))
    work.onProgress?.({ kind: "warning", text });
  options.onPlan?.(plan);
  assertFewFiles(plan.files);
  if (partSize !== undefined) assertEnoughNumbers(partSize, plan.bundleAtMost ?? 0);
  if (options.dryRun === true) return { plan, warnings };
  await assertEnoughSpace(plan);
  const checkImage = (staged: StagedImage): void => assertImageLocked(lock, staged);
  const staged = await stageContents(resolved, sources, { ...work, volume, checkImage });
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

function isHeld({ image }: ResolvedContents, held: Held): boolean {
  return image?.content !== undefined && holdsImage(held, image.content);
}

async function chooseSources(
  { image, platform }: Definition,
  volume: StagingVolume,
  { env = process.env, fromStore, modelRegistry, signal, onProgress, ...settings }: CreateOptions,
): Promise<Sources & { readonly models: ChosenModels }> {
  const store = fromStore === undefined ? undefined : parseStoreLocation(fromStore);
  const { ollamaKey, ...registries } = await readRegistrySettings({ ...settings, env });
  const ollamaVersion = image && ollamaVersionInName(image);
  const places = { volume, env, signal, onProgress };
  const chosenImage = image && (await chooseImage(image, { ...places, platform, registries }));
  const registry = { ...registries, modelRegistry, ollamaKey, ollamaVersion };
  return { models: await chooseModels(store, { ...registry, ...places }), image: chosenImage };
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

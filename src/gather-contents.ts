import { assertFewFiles } from "./bundle/output/assert-few-files.ts";
import { type Held, holdsImage } from "./bundle/delta/held.ts";
import type { SiteFile } from "./bundle/delta/site-file.ts";
import { siteWarnings } from "./bundle/delta/site-warnings.ts";
import { type Lock, assertImageLocked, assertLocked } from "./bundle/lock.ts";
import { assertEnoughNumbers } from "./bundle/parts/split-size.ts";
import type { WorkOptions } from "./core/progress.ts";
import type { ModelName } from "./core/model-name.ts";
import type { CreateOptions } from "./create-options.ts";
import type { Definition } from "./definition/definition.ts";
import { imageThatPulls } from "./definition/staging-place.ts";
import { parseStoreLocation } from "./definition/store-location.ts";
import { readRegistrySettings } from "./registry/registry-settings.ts";
import { chooseImage } from "./source/choose-image.ts";
import { type ChosenModels, chooseModels } from "./source/choose-models.ts";
import { type CreatePlan, assertEnoughSpace, planCreate } from "./source/create-plan.ts";
import { ollamaVersionInName } from "./source/image-ollama-version.ts";
import { checkManifest } from "./source/model-checks.ts";
import { OllamaModelSource } from "./source/ollama-models.ts";
import type { ResolvedImage, ResolvedModel, StagedImage } from "./source/source.ts";
import {
  type Sources,
  type StagedContents,
  stageImage,
  stageModels,
} from "./source/stage-contents.ts";
import type { StagingVolume } from "./staging/staging-volume.ts";

/** Where contents go, and what is known of the site that they are for. */
export interface GatherInto {
  readonly volume: StagingVolume;
  /** The Docker volume in which Ollama is to pull the models. */
  readonly pullVolume?: string | undefined;
  readonly output: string;
  readonly held?: Held | undefined;
  readonly site?: SiteFile | undefined;
  readonly lock?: Lock | undefined;
}

interface ChosenSources extends Sources {
  readonly models: ChosenModels;
  /** The same as `models`, where these have to be pulled before anything is known of them. */
  readonly pulling?: OllamaModelSource | undefined;
}

/** One creation: what {@link gatherContents} was told, and where it takes from. */
interface Gathering {
  readonly definition: Definition;
  readonly into: GatherInto;
  readonly options: CreateOptions;
  readonly sources: ChosenSources;
}

/**
 * Plans, and unless that is all brings everything into the staging volume. What Ollama is to pull is planned a second time when
 * it is there. Where contents come from is let go in the end.
 */
export async function gatherContents(
  definition: Definition,
  into: GatherInto,
  options: CreateOptions,
): Promise<{ readonly plan: CreatePlan; readonly staged?: StagedContents }> {
  const { signal, onProgress } = options;
  const work = { signal, onProgress };
  const sources = await chooseSources(definition, into, options);
  await using _models = sources.models;
  const gathering = { definition, into, options, sources };
  const { pulling } = sources;
  onProgress?.({ kind: "step", text: "Looking up what there is" });
  const known = await resolveModels(pulling ? [] : definition.models, sources, work);
  const image = await sources.image?.resolve(work);
  const toPull = pulling && { names: definition.models, from: pulling.from };
  const plan = await planned(gathering, { image, models: known, toPull });
  if (options.dryRun === true) return { plan };
  await assertEnoughSpace(plan);
  const { volume, lock } = into;
  const checkImage = (staged: StagedImage): void => assertImageLocked(lock, staged);
  const ollama = image && (await stageImage(image, sources, { ...work, volume, checkImage }));
  const pulled = pulling && (await planPulled(gathering, pulling));
  const modelOptions = { ...work, volume, ollamaVersion: ollama?.ollamaVersion };
  const models = await stageModels(pulled?.models ?? known, sources, modelOptions);
  const images = ollama === undefined ? [] : [ollama];
  return { plan: pulled?.plan ?? plan, staged: { images, models } };
}

async function chooseSources(
  { image, models, platform }: Definition,
  { volume, pullVolume }: GatherInto,
  { env = process.env, fromStore, modelRegistry, signal, onProgress, ...settings }: CreateOptions,
): Promise<ChosenSources> {
  const store = fromStore === undefined ? undefined : parseStoreLocation(fromStore);
  const { ollamaKey, ...registries } = await readRegistrySettings({ ...settings, env });
  const location = pullVolume === undefined ? image : imageThatPulls(image);
  const ollamaVersion = location && ollamaVersionInName(location);
  const places = { volume, env, signal, onProgress };
  const chosenImage =
    location && (await chooseImage(location, { ...places, platform, registries }));
  if (pullVolume !== undefined && models.length > 0 && chosenImage?.engine !== undefined) {
    const { engine } = chosenImage;
    const { insecureHosts } = registries;
    const pulling = new OllamaModelSource({ engine, pullVolume, volume, env, insecureHosts });
    return { image: chosenImage, models: pulling, pulling };
  }
  const registry = { ...registries, modelRegistry, ollamaKey, ollamaVersion };
  return { models: await chooseModels(store, { ...registry, ...places }), image: chosenImage };
}

async function resolveModels(
  names: readonly ModelName[],
  { models }: Sources,
  work: WorkOptions,
): Promise<readonly ResolvedModel[]> {
  const resolved: ResolvedModel[] = [];
  for (const name of names) {
    const model = await models.resolve(name, work);
    checkManifest(model.name, model.manifest, work.onProgress);
    resolved.push(model);
  }
  return resolved;
}

interface Resolved {
  readonly image?: ResolvedImage | undefined;
  readonly models: readonly ResolvedModel[];
  readonly toPull?: { readonly names: readonly ModelName[]; readonly from: string } | undefined;
}

/** The plan, told and found to be one that can be carried out. */
async function planned(
  { definition: { name, platform }, into, options, sources }: Gathering,
  resolved: Resolved,
): Promise<CreatePlan> {
  const { volume, output, held, site, lock } = into;
  const { partSize, dryRun, onPlan, onProgress } = options;
  assertLocked(lock, { ...resolved, platform });
  const plan = await planCreate({
    ...resolved,
    output,
    staging: volume.directory,
    name,
    platform,
    imageFrom: sources.image?.from,
    held: held && { blobs: held.blobs, image: isHeld(resolved, held) },
  });
  // Where models are yet to be pulled, there is another plan to come.
  if (site !== undefined && (resolved.toPull === undefined || dryRun === true))
    for (const text of siteWarnings(site, plan)) onProgress?.({ kind: "warning", text });
  onPlan?.(plan);
  assertFewFiles(plan.files);
  if (partSize !== undefined) assertEnoughNumbers(partSize, plan.bundleAtMost ?? 0);
  return plan;
}

function isHeld({ image }: Resolved, held: Held): boolean {
  return image?.content !== undefined && holdsImage(held, image.content);
}

/** Has Ollama pull the models, and plans again with what they are and the image as it is staged. */
async function planPulled(
  gathering: Gathering,
  pulling: OllamaModelSource,
): Promise<{ readonly plan: CreatePlan; readonly models: readonly ResolvedModel[] }> {
  const { definition, options, sources } = gathering;
  const { signal, onProgress } = options;
  const work = { signal, onProgress };
  const image = await sources.image?.resolve(work);
  if (image === undefined) throw new Error("models are to be pulled and there is no image for it");
  await pulling.pull(definition.models, image.reference, work);
  const models = await resolveModels(definition.models, sources, work);
  const plan = await planned(gathering, { image, models });
  await assertEnoughSpace(plan);
  return { plan, models };
}

import { freemem } from "node:os";
import type { ModelLayer } from "../bundle/models-json.ts";
import { HostError } from "../core/errors.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { EngineInfo } from "../engine/engine.ts";
import {
  type ImageToLoad,
  type ImageToName,
  bytesToLoad,
  imageToLoad,
  layerBytes,
} from "./image-to-load.ts";
import type { EngineInstall } from "./engine-install.ts";
import type { EngineNames } from "./install-options.ts";
import type { InstallPlan, SpaceNeed } from "./install-plan.ts";
import { imagesToBuildOn, orderByWhatIsThere, takesPartOfImage } from "./layers-there.ts";
import { type Surroundings, lookAround } from "./site/look-around.ts";
import { memoryWarnings } from "./memory.ts";
import { type ModelsAsked, modelChanges } from "./model-changes.ts";
import { openModelsDirectory } from "./store/models-directory.ts";
import { largestSpool } from "./image-prefixes.ts";
import { pathInStore } from "./model-paths.ts";
import { blobsNamedBy, describeModels, otherModels } from "./models-there.ts";
import { refuseIfAny } from "./problems.ts";
import { findLeftOutImage, isLeftOut, proveBeside } from "./site/prove-on-engine.ts";
import { publishText } from "./publish-address.ts";
import { selectLayers, shownModel } from "./select-models.ts";
import { engineSpace, measureSpace, spaceProblem, spaceWarning } from "./space.ts";
import type { Store } from "./store/store.ts";
import { assertFewLayers, ollamaImageOf } from "./site/suitable.ts";
import { storeSpace } from "./store/survey-store.ts";

/** Everything that was found out before the first change, and holds as long as the lock is held. */
export interface EnginePlan extends Surroundings {
  readonly plan: InstallPlan;
  readonly image: ImageToLoad | ImageToName;
  /** The directory that the models go into. */
  readonly store?: Store | undefined;
}

/**
 * Looks at the engine and changes nothing. Throws one {@link HostError} for everything that is in the way, and
 * {@link BundleError} UNSUITABLE for a bundle that cannot be installed like this.
 */
export async function planOnEngine(
  install: EngineInstall,
  options: WorkOptions,
): Promise<EnginePlan> {
  const { engine, bundle, selection, names, place } = install;
  const info = await engine.info(options);
  const image = await imageFor(install, info, options);
  const store =
    place.kind === "dir"
      ? await openModelsDirectory(place.path, selection, { ...info, address: engine.address })
      : undefined;
  const found = await lookAround({ engine, info, names, place, image, store });
  const space = await spaceFor({ install, info, image, store, found });
  const base = await proveBeside(install, store, options);
  refuseIfAny(bundle.path, [
    ...found.problems,
    ...[lostProblem(found, install) ?? []].flat(),
    ...[base ?? []].flat(),
    ...space.flatMap((need) => spaceProblem(need) ?? []),
  ]);
  return {
    ...found,
    image,
    store,
    plan: describePlan({ install, info, image, store, found }, space),
  };
}

/** All that was looked at. */
interface Looked {
  readonly install: EngineInstall;
  readonly info: EngineInfo;
  readonly image: EnginePlan["image"];
  readonly store: Store | undefined;
  readonly found: Surroundings;
}

async function spaceFor({ install, info, image, store, found }: Looked): Promise<SpaceNeed[]> {
  const { place, selection } = install;
  const there = blobsNamedBy(found.there ?? new Map<string, Buffer>());
  const lacking = selection.blobs.filter(({ path }) => !there.has(pathInStore(path)));
  const load = {
    layers: bytesLacked(image, found),
    spool: "existing" in image || found.isLoaded ? 0 : largestSpool(image),
    volume: place.kind === "volume" ? sizeOf(lacking) : 0,
  };
  const wishes = await engineSpace(info, load);
  return measureSpace(
    store === undefined ? wishes : [...wishes, await storeSpace(store, selection)],
  );
}

function describePlan(
  { install, info, image, store, found }: Looked,
  space: readonly SpaceNeed[],
): InstallPlan {
  const { engine, bundle, selection, names, place } = install;
  const { platform, name } = bundle.manifest;
  const { models, others } = modelChanges(
    install,
    new Map([...found.served, ...(found.there ?? [])]),
  );
  const memory = { total: info.memory, ...(info.isLocal && { free: freemem() }) };
  return {
    bundle: { name, id: bundle.id },
    modelsIn: place.kind,
    platform,
    engine: { address: engine.address, product: info.product, version: info.version },
    names: {
      loaded: image.name,
      tag: names.tag,
      container: names.container,
      publish: publishText(names.publish),
      ...(place.kind === "volume" && { volume: names.volume }),
      ...(store && { directory: store.root }),
      ...(names.network !== undefined && { network: names.network }),
    },
    ...("existing" in image ? {} : { layers: layersPlanned(image, found) }),
    ...(found.replaced && { replaces: found.replaced.name }),
    models,
    ...(found.there !== undefined && { others }),
    space,
    warnings: [
      ...(found.there === undefined ? [unknownModels(names)] : []),
      ...space.flatMap((need) => spaceWarning(need) ?? []),
      ...memoryWarnings(selection.models, memory),
    ],
  };
}

function layersPlanned(
  image: ImageToLoad,
  found: Surroundings,
): NonNullable<InstallPlan["layers"]> {
  const size = layerBytes(image);
  return { size, there: size - bytesLacked(image, found) };
}

function bytesLacked(image: EnginePlan["image"], { isLoaded }: Surroundings): number {
  return isLoaded ? 0 : bytesToLoad(image);
}

/** Throws {@link HostError} where a delta relies on an image that the engine has not. */
async function imageFor(
  install: EngineInstall,
  info: EngineInfo,
  options: WorkOptions,
): Promise<ImageToLoad | ImageToName> {
  const { bundle, place } = install;
  const { manifest } = bundle;
  const image = ollamaImageOf(manifest);
  if (!isLeftOut(image, manifest)) {
    const layers = place.kind === "image" ? layersToLoad(install) : [];
    const takesPart = takesPartOfImage(info);
    const images = takesPart ? imagesToBuildOn(info, await install.engine.images()) : [];
    const onTop = orderByWhatIsThere(image.diffIds, layers, images);
    return await imageToLoad(bundle, { image, ...onTop, takesPart }, options);
  }
  const found = await findLeftOutImage(install, image);
  if (!(found instanceof HostError)) return found;
  refuseIfAny(bundle.path, [found]);
  throw found;
}

function layersToLoad({ bundle, selection }: EngineInstall): readonly ModelLayer[] {
  const layers = selectLayers(bundle.manifest, selection);
  assertFewLayers(ollamaImageOf(bundle.manifest), layers.length);
  return layers;
}

/** Whoever asked the replaced container for these models would ask in vain. */
function lostProblem(
  { replaced, served, there }: Surroundings,
  { bundled, exact }: ModelsAsked,
): HostError | undefined {
  const kept = new Set(there?.keys());
  const lost = describeModels(
    new Map([...otherModels(served, bundled)].filter(([path]) => !kept.has(path))),
  );
  if (exact || replaced === undefined || lost.length === 0) return undefined;
  return new HostError(
    "NAME_TAKEN",
    `the container "${replaced.name}" has models that the bundle does not bring, and that would be gone with it: ${lost.map(shownModel).join(", ")}`,
    {
      hint: "Add --exact to give them up, or leave that container and choose other names: --container, --publish.",
    },
  );
}

function unknownModels({ volume }: EngineNames): string {
  return `Which models the volume "${volume}" has is not known before the image is loaded: no container uses it`;
}

function sizeOf(files: readonly { readonly size: number }[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

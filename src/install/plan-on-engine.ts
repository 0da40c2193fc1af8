import type { BundleReader } from "../bundle/bundle-reader.ts";
import type { ModelLayer } from "../bundle/models-json.ts";
import { HostError } from "../core/errors.ts";
import type { ChunkPool } from "../core/chunks/pool.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { Engine, EngineInfo } from "../engine/engine.ts";
import {
  containerProblem,
  loadedNameProblem,
  platformProblem,
  tagProblem,
  volumeProblem,
} from "./engine-problems.ts";
import {
  type ImageToLoad,
  type ImageToName,
  bytesToLoad,
  diffIdsOf,
  imageToLoad,
} from "./image-to-load.ts";
import type { EngineNames } from "./install-options.ts";
import type { InstallPlan } from "./install-plan.ts";
import { memoryWarnings } from "./memory.ts";
import { openModelsDirectory } from "./models-directory.ts";
import type { EnginePlace } from "./models-place.ts";
import { portProblem } from "./port-problem.ts";
import { refuseIfAny } from "./problems.ts";
import { findLeftOutImage, isLeftOut, proveBeside } from "./prove-on-engine.ts";
import { publishText } from "./publish-address.ts";
import { type Selection, selectLayers } from "./select-models.ts";
import { engineSpace, spaceProblem, spaceWarning, storeSpace } from "./space.ts";
import type { Store } from "./store.ts";
import { assertFewLayers, ollamaImageOf } from "./suitable.ts";

export interface EngineInstall {
  readonly engine: Engine;
  readonly bundle: BundleReader;
  readonly selection: Selection;
  readonly names: EngineNames;
  readonly place: EnginePlace;
  readonly pool: ChunkPool;
}

/** Everything that was found out before the first change, and holds as long as the lock is held. */
export interface EnginePlan {
  readonly plan: InstallPlan;
  readonly image: ImageToLoad | ImageToName;
  /** Whether the engine has that very image already, under the name that it will be given. */
  readonly isLoaded: boolean;
  readonly volumeExists: boolean;
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
  const image = await imageFor(install, options);
  const info = await engine.info(options);
  const store =
    place.kind === "dir"
      ? await openModelsDirectory(place.path, selection, { ...info, address: engine.address })
      : undefined;
  const volumeBytes = place.kind === "volume" ? sizeOf(selection.blobs) : 0;
  const space = [
    ...(await engineSpace(info, { layers: bytesToLoad(image), volume: volumeBytes })),
    ...(store === undefined ? [] : [await storeSpace(store, selection)]),
  ];
  const found = await lookAround(install, image, info);
  const base = await proveBeside(install, store, options);
  refuseIfAny(bundle.path, [
    ...found.problems,
    ...[base ?? []].flat(),
    ...space.flatMap((need) => spaceProblem(need) ?? []),
  ]);
  const { platform, name } = bundle.manifest;
  return {
    image,
    isLoaded: found.isLoaded,
    volumeExists: found.volumeExists,
    store,
    plan: {
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
      },
      models: selection.models.map(({ name, digest, size }) => ({ name, digest, size })),
      space,
      warnings: [
        ...space.flatMap((need) => spaceWarning(need) ?? []),
        ...memoryWarnings(selection.models, info.memory),
      ],
    },
  };
}

/** Throws {@link HostError} where a delta relies on an image that the engine has not. */
async function imageFor(
  install: EngineInstall,
  options: WorkOptions,
): Promise<ImageToLoad | ImageToName> {
  const { bundle, place } = install;
  const { manifest } = bundle;
  const image = ollamaImageOf(manifest);
  if (!isLeftOut(image, manifest)) {
    const modelLayers = place.kind === "image" ? layersToLoad(install) : [];
    return await imageToLoad(bundle, { image, modelLayers }, options);
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

interface Surroundings {
  readonly problems: readonly HostError[];
  readonly isLoaded: boolean;
  readonly volumeExists: boolean;
}

async function lookAround(
  install: EngineInstall,
  image: EnginePlan["image"],
  info: EngineInfo,
): Promise<Surroundings> {
  const { engine, names, place } = install;
  const [containers, named, tagged, loaded, volume] = await Promise.all([
    engine.containers(),
    engine.container(names.container),
    engine.image(names.tag),
    engine.image(image.name),
    place.kind === "volume" ? engine.volume(names.volume) : undefined,
  ]);
  const problems = [
    platformProblem(image.platform, info),
    containerProblem(named),
    await portProblem(names.publish, { containers, isLocal: info.isLocal }),
    tagProblem(names.tag, tagged),
    loadedNameProblem(image.name, loaded, diffIdsOf(image)),
    volumeProblem(volume),
  ];
  return {
    problems: problems.filter((problem) => problem !== undefined),
    isLoaded: loaded !== undefined,
    volumeExists: volume !== undefined,
  };
}

function sizeOf(files: readonly { readonly size: number }[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

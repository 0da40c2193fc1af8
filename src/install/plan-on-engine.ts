import type { BundleReader } from "../bundle/bundle-reader.ts";
import type { ModelLayer } from "../bundle/models-json.ts";
import type { HostError } from "../core/errors.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { Engine, EngineInfo } from "../engine/engine.ts";
import {
  containerProblem,
  loadedNameProblem,
  platformProblem,
  tagProblem,
  volumeProblem,
} from "./engine-problems.ts";
import { type ImageToLoad, imageToLoad, layerBytes, layersOf } from "./image-to-load.ts";
import type { EngineNames } from "./install-options.ts";
import type { InstallPlan } from "./install-plan.ts";
import { memoryWarnings } from "./memory.ts";
import { openModelsDirectory } from "./models-directory.ts";
import type { EnginePlace } from "./models-place.ts";
import { portProblem } from "./port-problem.ts";
import { refuseIfAny } from "./problems.ts";
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
}

/** Everything that was found out before the first change, and holds as long as the lock is held. */
export interface EnginePlan {
  readonly plan: InstallPlan;
  readonly image: ImageToLoad;
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
  const modelLayers = place.kind === "image" ? layersToLoad(install) : [];
  const image = await imageToLoad(
    bundle,
    { image: ollamaImageOf(bundle.manifest), modelLayers },
    options,
  );
  const info = await engine.info(options);
  const store =
    place.kind === "dir"
      ? await openModelsDirectory(place.path, selection, { ...info, address: engine.address })
      : undefined;
  const volumeBytes = place.kind === "volume" ? sizeOf(selection.blobs) : 0;
  const space = [
    ...(await engineSpace(info, { layers: layerBytes(image), volume: volumeBytes })),
    ...(store === undefined ? [] : [await storeSpace(store, selection)]),
  ];
  const found = await lookAround(install, image, info);
  refuseIfAny(bundle.path, [
    ...found.problems,
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
  image: ImageToLoad,
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
    loadedNameProblem(
      image.name,
      loaded,
      layersOf(image).map(({ diffId }) => diffId),
    ),
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

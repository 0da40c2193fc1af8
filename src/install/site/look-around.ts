import { MODELS_DIRECTORY } from "../../core/model-layer.ts";
import type { HostError } from "../../core/errors.ts";
import type { Engine, EngineContainer, EngineImage, EngineInfo } from "../../engine/engine.ts";
import {
  containerProblem,
  isOurServer,
  loadedNameProblem,
  networkProblem,
  platformProblem,
  tagProblem,
  volumeProblem,
} from "../engine-problems.ts";
import { type ImageToLoad, type ImageToName, diffIdsOf } from "../image-to-load.ts";
import type { EngineNames } from "../install-options.ts";
import type { EnginePlace } from "../models-place.ts";
import { type ModelsThere, modelsInContainer, modelsInStore } from "../models-there.ts";
import { portProblem } from "../port-problem.ts";
import type { Store } from "../store/store.ts";

export interface Wanted {
  readonly engine: Engine;
  readonly info: EngineInfo;
  readonly names: EngineNames;
  readonly place: EnginePlace;
  readonly image: ImageToLoad | ImageToName;
  readonly store: Store | undefined;
}

/** What is on the engine under the names that are wanted. */
export interface Surroundings {
  readonly problems: readonly HostError[];
  /** Whether the engine has that very image already, under the name that it will be given. */
  readonly isLoaded: boolean;
  readonly volumeExists: boolean;
  /** A container of ours, in whose place the new one comes. */
  readonly replaced?: EngineContainer | undefined;
  /** An image of ours, whose name the new one gets. */
  readonly replacedImage?: EngineImage | undefined;
  /** The models at the place where ours go; missing where they cannot be known yet. */
  readonly there?: ModelsThere | undefined;
  /** The models that `replaced` serves. */
  readonly served: ModelsThere;
}

export async function lookAround(wanted: Wanted): Promise<Surroundings> {
  const { engine, info, names, place, image, store } = wanted;
  const [containers, named, tagged, loaded, volume, network] = await Promise.all([
    engine.containers(),
    engine.container(names.container),
    engine.image(names.tag),
    engine.image(image.name),
    place.kind === "volume" ? engine.volume(names.volume) : undefined,
    names.network === undefined ? undefined : engine.network(names.network),
  ]);
  const replaced = named !== undefined && isOurServer(named) ? named : undefined;
  // What an engine has of it in part is loaded again.
  const whole = loaded?.isComplete === true ? loaded : undefined;
  const problems = [
    platformProblem(image.platform, info),
    containerProblem(named),
    await portProblem(names.publish, { containers, isLocal: info.isLocal, replaced }),
    tagProblem(names.tag, tagged),
    loadedNameProblem(image.name, whole, diffIdsOf(image)),
    volumeProblem(volume),
    networkProblem(names.network, network, replaced?.name),
  ];
  const volumeExists = volume !== undefined;
  return {
    problems: problems.filter((problem) => problem !== undefined),
    isLoaded: whole !== undefined,
    volumeExists,
    replaced,
    replacedImage: tagged,
    served: replaced === undefined ? new Map() : await modelsServedBy(engine, replaced),
    there: volumeExists
      ? await modelsInVolume(engine, names.volume, containers)
      : store === undefined
        ? new Map()
        : await modelsInStore(store),
  };
}

function modelsServedBy(engine: Engine, { name }: EngineContainer): Promise<ModelsThere> {
  return modelsInContainer(engine, { container: name, path: MODELS_DIRECTORY });
}

/** A volume can only be looked into through a container that has it. */
async function modelsInVolume(
  engine: Engine,
  volume: string,
  containers: readonly EngineContainer[],
): Promise<ModelsThere | undefined> {
  const container = containers.find(({ volumes }) => volumes[volume] !== undefined);
  if (container === undefined) return undefined;
  const path = container.volumes[volume] ?? "";
  return modelsInContainer(engine, { container: container.name, path });
}

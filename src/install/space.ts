import { HostError, messageOf } from "../core/errors.ts";
import { freeSpaceAt } from "../core/disk-space.ts";
import type { EngineInfo } from "../engine/engine.ts";
import type { SpaceNeed } from "./install-plan.ts";
import type { Selection } from "./select-models.ts";
import type { Store } from "./store.ts";
import { bytesMissing } from "./survey-store.ts";

interface EngineLoad {
  /** Bytes of the layers, uncompressed. */
  readonly layers: number;
  /** Bytes of models that go into a volume. */
  readonly volume: number;
}

/**
 * What an engine needs in its data directory: a load spools the whole archive there beside the layers that it makes of it.
 * (Docker's containerd store keeps the archive's layers as content, which comes to the same.)
 */
export async function engineSpace(
  info: EngineInfo,
  { layers, volume }: EngineLoad,
): Promise<SpaceNeed[]> {
  const imageNeed = 2 * layers;
  if (!info.isLocal) return [unknown(info, imageNeed + volume, "the engine runs on another host")];
  if (!info.usesContainerdStore)
    return [await known("engine's data", info.dataRoot, imageNeed + volume)];
  const images = {
    ...unknown(info, imageNeed, "containerd keeps images in a directory of its own"),
    what: "engine's images",
  };
  return volume === 0 ? [images] : [images, await known("engine's volumes", info.dataRoot, volume)];
}

/** What the blobs need that a store on this host lacks. */
export async function storeSpace(store: Store, selection: Selection): Promise<SpaceNeed> {
  return known("models store", store.root, await bytesMissing(store, selection));
}

/** The error for a place that is too small, or undefined. */
export function spaceProblem({ what, path, needed, free }: SpaceNeed): HostError | undefined {
  if (free === undefined || free >= needed) return undefined;
  const format = (bytes: number): string => bytes.toLocaleString("en-US");
  return new HostError(
    "NO_SPACE",
    `there is too little space for the ${what} in "${path}": ${format(needed)} bytes are needed, ${format(free)} are free`,
    { hint: `Free ${format(needed - free)} bytes on the file system of "${path}".` },
  );
}

/** What to tell of a place that could not be looked at, or undefined. */
export function spaceWarning({ what, needed, whyUnknown }: SpaceNeed): string | undefined {
  if (whyUnknown === undefined) return undefined;
  return `How much space there is for the ${what} cannot be known: ${whyUnknown}; ${needed.toLocaleString("en-US")} bytes are needed`;
}

async function known(what: string, path: string, needed: number): Promise<SpaceNeed> {
  try {
    return { what, path, needed, free: await freeSpaceAt(path) };
  } catch (error) {
    return { what, path, needed, whyUnknown: messageOf(error) };
  }
}

function unknown({ dataRoot }: EngineInfo, needed: number, whyUnknown: string): SpaceNeed {
  return { what: "engine's data", path: dataRoot, needed, whyUnknown };
}

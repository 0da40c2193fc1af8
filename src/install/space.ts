import { stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { formatCount } from "../core/format-count.ts";
import { freeSpaceAt } from "../core/disk-space.ts";
import { HostError, hasCode, messageOf } from "../core/errors.ts";
import type { EngineInfo } from "../engine/engine.ts";
import type { SpaceNeed } from "./install-plan.ts";

/** Bytes that a place needs, before anyone has looked there. */
export type SpaceWish = Pick<SpaceNeed, "what" | "path" | "needed" | "whyUnknown">;

interface EngineLoad {
  /** Bytes of the layers that are sent, uncompressed. */
  readonly layers: number;
  /** Bytes of them that the engine has beside at a time, as they were sent. */
  readonly spool: number;
  /** Bytes of models that go into a volume. */
  readonly volume: number;
}

/** Where dockerd keeps images when it runs a containerd of its own. */
const OWN_CONTAINERD = "containerd/daemon";

/**
 * What an engine needs: a load spools what it is sent beside the layers that it makes of it, of which containerd's store keeps
 * all, as content. A site may have mounted a disk at any of its directories.
 */
export async function engineSpace(
  info: EngineInfo,
  { layers, spool, volume }: EngineLoad,
): Promise<SpaceWish[]> {
  const { dataRoot, isLocal } = info;
  const volumes = { what: "engine's volumes", path: join(dataRoot, "volumes"), needed: volume };
  const wishes = [...(await imageSpace(info, { layers, spool })), volumes];
  const whyUnknown = isLocal ? undefined : "the engine runs on another host";
  return wishes
    .filter(({ needed }) => needed > 0)
    .map((wish) => (whyUnknown === undefined ? wish : { ...wish, whyUnknown }));
}

async function imageSpace(
  info: EngineInfo,
  { layers, spool }: Omit<EngineLoad, "volume">,
): Promise<SpaceWish[]> {
  const { product, dataRoot, storageDriver, usesContainerdStore, isLocal } = info;
  if (usesContainerdStore) {
    const path = join(dataRoot, OWN_CONTAINERD);
    const isOwn = isLocal && (await deviceOf(path, 0)) !== undefined;
    const whyUnknown = "containerd keeps images in a directory of its own";
    const images = { what: "engine's images", path, needed: 2 * layers };
    return [isOwn ? images : { ...images, whyUnknown }];
  }
  const spoolPath = product === "Podman" ? "/var/tmp" : join(dataRoot, "tmp");
  return [
    { what: "engine's images", path: join(dataRoot, storageDriver), needed: layers },
    { what: "archive while it is loaded", path: spoolPath, needed: spool },
  ];
}

/** Looks at the places, and adds up those that are on one file system. */
export async function measureSpace(wishes: readonly SpaceWish[]): Promise<SpaceNeed[]> {
  const onDevice = new Map<unknown, SpaceWish[]>();
  for (const wish of wishes) {
    // What cannot be known stands alone.
    const device = wish.whyUnknown === undefined ? await deviceOf(wish.path) : wish;
    onDevice.set(device, [...(onDevice.get(device) ?? []), wish]);
  }
  return Promise.all([...onDevice.values()].map((together) => known(added(together))));
}

/** The error for a place that is too small, or undefined. */
export function spaceProblem({ what, path, needed, free }: SpaceNeed): HostError | undefined {
  if (free === undefined || free >= needed) return undefined;
  return new HostError(
    "NO_SPACE",
    `there is too little space for the ${what} in "${path}": ${formatCount(needed)} bytes are needed, ${formatCount(free)} are free`,
    { hint: `Free ${formatCount(needed - free)} bytes on the file system of "${path}".` },
  );
}

/** What to tell of a place that could not be looked at, or undefined. */
export function spaceWarning({ what, needed, whyUnknown }: SpaceNeed): string | undefined {
  if (whyUnknown === undefined) return undefined;
  return `How much space there is for the ${what} cannot be known: ${whyUnknown}; ${formatCount(needed)} bytes are needed`;
}

function added(together: readonly SpaceWish[]): SpaceWish {
  const [first = { what: "", path: "", needed: 0 }] = together;
  return {
    ...first,
    what: together.map(({ what }) => what).join(", "),
    needed: together.reduce((sum, { needed }) => sum + needed, 0),
  };
}

async function known(wish: SpaceWish): Promise<SpaceNeed> {
  if (wish.whyUnknown !== undefined) return wish;
  try {
    return { ...wish, free: await freeSpaceAt(wish.path) };
  } catch (error) {
    return { ...wish, whyUnknown: messageOf(error) };
  }
}

/** The file system of a path, or of the nearest directory above it that is there, at most so many up. */
async function deviceOf(path: string, up = Infinity): Promise<number | undefined> {
  const absolute = resolve(path);
  try {
    return (await stat(absolute)).dev;
  } catch (error) {
    const isRoot = dirname(absolute) === absolute;
    if (!hasCode(error, "ENOENT", "ENOTDIR") || isRoot || up === 0) return undefined;
    return deviceOf(dirname(absolute), up - 1);
  }
}

import type { SiteFile } from "../../bundle/delta/site-file.ts";
import type { ChunkPool } from "../../core/chunks/pool.ts";
import { freeSpaceAt } from "../../core/disk-space.ts";
import type { WorkOptions } from "../../core/progress.ts";
import type { Engine } from "../../engine/engine.ts";
import { VOLUME_PATH, createVolumeReader } from "../../engine/volume-reader.ts";
import type { SitePlace } from "./site-place.ts";
import { type StoreContent, storeInDirectory, storeInVolume } from "../store/store-content.ts";
import { openStore } from "../store/store.ts";

export interface SiteStore extends AsyncDisposable {
  /** Missing where models are part of the image. */
  readonly content?: StoreContent;
  readonly free: Pick<SiteFile["free"], "models">;
}

/** Opens the store of a site to be looked at. Throws {@link HostError} or {@link EngineError}. */
export async function openSiteStore(
  place: SitePlace,
  {
    engine,
    pool,
    ...work
  }: WorkOptions & { readonly engine: Engine | undefined; readonly pool: ChunkPool },
): Promise<SiteStore> {
  if (place.kind === "image") return { free: {}, [Symbol.asyncDispose]: async () => {} };
  if (place.kind !== "volume") {
    const { root } = await openStore(place.path);
    const free = { models: await freeSpaceAt(root) };
    return { content: storeInDirectory(root, pool), free, [Symbol.asyncDispose]: async () => {} };
  }
  if (engine === undefined) throw new Error("a volume is to be looked at and there is no engine");
  const { isLocal, dataRoot } = await engine.info(work);
  const free = isLocal ? { models: await freeSpaceAt(dataRoot) } : {};
  const { content, ...opened } = await openVolumeStore(place.volume, { engine, pool, ...work });
  return { content, free, ...opened };
}

/** The store in a volume, through a container that never runs and is removed in the end. Throws {@link EngineError} where there is no such volume. */
export async function openVolumeStore(
  volume: string,
  { engine, pool, ...work }: WorkOptions & { readonly engine: Engine; readonly pool: ChunkPool },
): Promise<AsyncDisposable & { readonly content: StoreContent }> {
  const reader = await createVolumeReader(engine, volume, work);
  const from = { engine, container: reader.container, path: VOLUME_PATH };
  return {
    content: storeInVolume(volume, from, pool),
    [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
  };
}

import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { BundledFile } from "../../bundle/models-json.ts";
import { readAhead } from "../../bundle/read-ahead.ts";
import { CHUNK_SIZE, chunkSizeAt } from "../../core/chunks/chunk.ts";
import type { ChunkPool } from "../../core/chunks/pool.ts";
import { hasCode } from "../../core/errors.ts";
import { type WorkOptions, countBytes } from "../../core/progress.ts";
import { pathInStore } from "../model-paths.ts";
import { type ModelsThere, modelsInStore } from "../models-there.ts";
import type { Selection } from "../select-models.ts";
import type { SpaceWish } from "../space.ts";
import { type Store, assertInside, inStore, prefixesOf } from "./store.ts";

/** Chunks that are hashed at a time: whoever loads an image meanwhile needs buffers too. */
const AHEAD = 4;

/** What a store has of a bundle's models, and what it lacks. */
export interface StoreSurvey {
  /** Blobs that are not there at all. */
  readonly missing: readonly BundledFile[];
  /** Blobs that are there with other content: Ollama trusts their names. */
  readonly damaged: readonly BundledFile[];
  /** Relative to the store, parents first. */
  readonly newDirectories: readonly string[];
  readonly before: ModelsThere;
}

/** Hashes every blob of the selection that the store has already. */
export async function surveyStore(
  {
    store,
    selection,
    pool,
  }: { readonly store: Store; readonly selection: Selection; readonly pool: ChunkPool },
  options: WorkOptions,
): Promise<StoreSurvey> {
  const missing: BundledFile[] = [];
  const damaged: BundledFile[] = [];
  const count = countBytes(
    "blobs that are there",
    await bytesPresent(store, selection),
    options.onProgress,
  );
  for (const blob of selection.blobs) {
    options.signal?.throwIfAborted();
    const size = await sizeInStore(store, blob);
    const isRight =
      size === blob.size
        ? await unlessAbsent(() => isIntact(store, blob, { pool, count, signal: options.signal }))
        : false;
    if (size === undefined || isRight === undefined) missing.push(blob);
    else if (!isRight) damaged.push(blob);
  }
  const [newDirectories, before] = await Promise.all([
    absentDirectories(store, selection),
    modelsInStore(store),
  ]);
  return { missing, damaged, newDirectories, before };
}

/** What the blobs need that a store lacks. */
export async function storeSpace(store: Store, selection: Selection): Promise<SpaceWish> {
  return { what: "models store", path: store.root, needed: await bytesMissing(store, selection) };
}

/** Bytes of blobs that have to be written, going by the sizes of what is there: for a plan. */
async function bytesMissing(store: Store, { blobs }: Selection): Promise<number> {
  let missing = 0;
  for (const blob of blobs)
    if ((await sizeInStore(store, blob)) !== blob.size) missing += blob.size;
  return missing;
}

/** Throws {@link HostError} where this process may not write all of the selection into the store. */
export async function assertWritable(store: Store, { manifests }: Selection): Promise<void> {
  const above = manifests.flatMap(({ path }) => prefixesOf(dirname(pathInStore(path))));
  for (const relative of new Set(["", "blobs", ...above])) {
    const path = join(store.root, relative);
    await inStore(store.root, async () => {
      const nearest = await nearestThere(path);
      await access(nearest, constants.W_OK | constants.X_OK);
      if (nearest === path) await assertInside(store, path);
    });
  }
}

interface Hashing {
  readonly pool: ChunkPool;
  readonly count: (bytes: number) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * Whether a blob has the content that MODELS.json states, chunk by chunk on all cores. Throws ENOENT where it disappeared
 * meanwhile: an Ollama that starts deletes old ones.
 */
async function isIntact(
  store: Store,
  { path: inBundle, size, chunks }: BundledFile,
  { pool, count, signal }: Hashing,
): Promise<boolean> {
  const path = join(store.root, pathInStore(inBundle));
  const lengthAndSum = async (index: number) => {
    using lease = await pool.lease();
    const extent = { path, offset: index * CHUNK_SIZE, length: chunkSizeAt(size, index) };
    const { sha256 } = await pool.run("readAndDigest", lease, extent);
    return { length: extent.length, isRight: sha256 === chunks[index]?.sha256 };
  };
  let isRight = true;
  for await (const chunk of readAhead(chunks.keys(), { ahead: AHEAD, signal }, lengthAndSum)) {
    count(chunk.length);
    isRight &&= chunk.isRight;
  }
  return isRight;
}

async function bytesPresent(store: Store, selection: Selection): Promise<number> {
  const all = selection.blobs.reduce((sum, { size }) => sum + size, 0);
  return all - (await bytesMissing(store, selection));
}

async function sizeInStore(store: Store, { path }: BundledFile): Promise<number | undefined> {
  return unlessAbsent(async () => (await stat(join(store.root, pathInStore(path)))).size);
}

async function absentDirectories(store: Store, { manifests }: Selection): Promise<string[]> {
  const wanted = new Set([
    "blobs",
    ...manifests.flatMap(({ path }) => prefixesOf(dirname(pathInStore(path)))),
  ]);
  const absent: string[] = [];
  for (const relative of wanted) {
    const there = await unlessAbsent(() => stat(join(store.root, relative)));
    if (there === undefined) absent.push(relative);
  }
  return absent;
}

async function nearestThere(path: string): Promise<string> {
  const there = await unlessAbsent(() => stat(path));
  return there === undefined && dirname(path) !== path ? nearestThere(dirname(path)) : path;
}

async function unlessAbsent<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

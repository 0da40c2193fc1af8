import { type FileHandle, open, rename, rm, stat, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { BundleReader } from "../../bundle/bundle-reader.ts";
import type { BundledFile, OmittedFile } from "../../bundle/models-json.ts";
import { CHUNK_SIZE } from "../../core/chunks/chunk.ts";
import type { ChunkPool } from "../../core/chunks/pool.ts";
import { eachAtOnce } from "../../core/each-at-once.ts";
import { HostError, hasCode } from "../../core/errors.ts";
import { syncDirectory } from "../../core/files.ts";
import { type WorkOptions, countBytes } from "../../core/progress.ts";
import { WriteBehind } from "../../core/write-behind.ts";
import { BlobHash } from "../blob-hash.ts";
import { pathInStore } from "../model-paths.ts";
import { type Store, ensureStoreDirectory, giveAway, inStore } from "./store.ts";

/**
 * Blobs of one chunk that are written at a time. Syncing a small file is waiting, and a file system syncs many as fast as one. One
 * chunk needs one buffer of the pool and waits for no other; a blob of several is written alone.
 */
const SMALL_AT_ONCE = 16;

export interface FillStore {
  readonly bundle: BundleReader;
  readonly store: Store;
  readonly pool: ChunkPool;
  /** Relative to the store: a directory of our own, on its file system and outside of what Ollama looks at. */
  readonly temporary: string;
}

/**
 * Writes blobs into a store, each whole or not at all, hashed on the way and with the current time: Ollama deletes old ones
 * that no manifest names, when it starts.
 */
export async function putBlobs(
  fill: FillStore,
  blobs: readonly BundledFile[],
  options: WorkOptions,
): Promise<void> {
  const total = blobs.reduce((sum, { size }) => sum + size, 0);
  const count = countBytes("models", total, options.onProgress);
  await inStore(fill.store.root, async () => {
    for (const directory of ["blobs", fill.temporary])
      await ensureStoreDirectory(fill.store, directory);
    const [small, large] = [blobs.filter(isSmall), blobs.filter((blob) => !isSmall(blob))];
    await eachAtOnce(small, { atOnce: SMALL_AT_ONCE, signal: options.signal }, (blob, signal) =>
      putBlob(fill, blob, { signal, count }),
    );
    for (const blob of large) await putBlob(fill, blob, { signal: options.signal, count });
    await syncDirectory(join(fill.store.root, "blobs"));
  });
}

/** Gives blobs the current time where that is allowed, so that an Ollama that starts before their manifests are there lets them be. */
export async function freshenBlobs(
  { store }: Pick<FillStore, "store">,
  blobs: readonly BundledFile[],
): Promise<void> {
  const now = new Date();
  for (const { path } of blobs)
    await utimes(join(store.root, pathInStore(path)), now, now).catch(() => undefined);
}

/** Writes manifests; their blobs must be there. */
export async function putManifests(
  fill: FillStore,
  manifests: readonly BundledFile[],
  options: WorkOptions,
): Promise<void> {
  await inStore(fill.store.root, async () => {
    for (const manifest of manifests) {
      const bytes = await fill.bundle.bytes(manifest.path, options);
      await putStoreFile(fill, pathInStore(manifest.path), bytes);
    }
  });
}

/** Writes one small file into the store, whole or not at all. */
export async function putStoreFile(
  { store, temporary }: Pick<FillStore, "store" | "temporary">,
  path: string,
  bytes: Uint8Array,
): Promise<void> {
  await ensureStoreDirectory(store, temporary);
  const place = { store, from: join(store.root, temporary, "file"), path };
  await appear(place, (file) => file.writeFile(bytes));
  await syncDirectory(join(store.root, dirname(path)));
}

/** Those blobs that are gone, or have another size. */
export async function lostBlobs<Blob extends OmittedFile>(
  store: Store,
  blobs: readonly Blob[],
): Promise<Blob[]> {
  const lost: Blob[] = [];
  for (const blob of blobs) {
    if ((await sizeOf(join(store.root, pathInStore(blob.path)))) !== blob.size) lost.push(blob);
  }
  return lost;
}

/**
 * An Ollama that starts in the middle of an installation can delete blobs whose manifests are not there yet. Now they are:
 * what was lost is written again, once. Throws {@link HostError} where that did not help.
 */
export async function restoreLostBlobs(
  fill: FillStore,
  blobs: readonly BundledFile[],
  options: WorkOptions,
): Promise<void> {
  const lost = await lostBlobs(fill.store, blobs);
  if (lost.length === 0) return;
  options.onProgress?.({
    kind: "warning",
    text: `${lost.length} blobs disappeared while models were installed; writing them again`,
  });
  await putBlobs(fill, lost, options);
  const [still] = await lostBlobs(fill.store, blobs);
  if (still === undefined) return;
  throw new HostError(
    "IO",
    `Cannot install into the store "${fill.store.root}": "${pathInStore(still.path)}" disappears again and again`,
    {
      hint: "Stop what else works on this store, and run this again.",
    },
  );
}

export async function removeTemporary({
  store,
  temporary,
}: Pick<FillStore, "store" | "temporary">): Promise<void> {
  await rm(join(store.root, temporary), { recursive: true, force: true });
}

function isSmall({ size }: BundledFile): boolean {
  return size <= CHUNK_SIZE;
}

async function putBlob(
  { bundle, store, pool, temporary }: FillStore,
  blob: BundledFile,
  {
    signal,
    count,
  }: { readonly signal: AbortSignal | undefined; readonly count: (bytes: number) => void },
): Promise<void> {
  const hash = new BlobHash(blob.path, pool);
  const path = pathInStore(blob.path);
  const from = join(store.root, temporary, basename(path));
  await appear({ store, from, path }, async (file, behind) => {
    for await (const piece of bundle.content(blob.path, { signal })) {
      using held = piece;
      const [written] = await Promise.all([writeRuns(file, held.runs), hash.update(held)]);
      behind.wrote(written);
      count(written);
    }
    await hash.check();
  });
}

interface Place {
  readonly store: Store;
  /** Absolute. */
  readonly from: string;
  /** Relative to the store. */
  readonly path: string;
}

/** A file that is written under one name, synced, and then has the other. */
async function appear(
  place: Place,
  write: (file: FileHandle, behind: WriteBehind) => Promise<void>,
): Promise<void> {
  const { store, from } = place;
  await rm(from, { force: true });
  {
    await using file = await open(from, "wx", store.fileMode);
    const behind = new WriteBehind(file);
    await write(file, behind);
    await giveAway(store, from, store.fileMode);
    await behind.sync();
  }
  await moveInto(place);
}

/** An Ollama that starts at this moment removes directories that are empty, so that they have to be made again. */
async function moveInto({ store, from, path }: Place, attempts = 100): Promise<void> {
  try {
    await ensureStoreDirectory(store, dirname(path));
    await rename(from, join(store.root, path));
  } catch (error) {
    if (!hasCode(error, "ENOENT") || attempts === 1) throw error;
    await moveInto({ store, from, path }, attempts - 1);
  }
}

/** Returns how many bytes there were. */
async function writeRuns(file: FileHandle, runs: readonly Buffer[]): Promise<number> {
  const total = runs.reduce((sum, { length }) => sum + length, 0);
  const { bytesWritten } = await file.writev(runs);
  for (let done = bytesWritten; done < total;) {
    done += (await file.writev(afterFirst(runs, done))).bytesWritten;
  }
  return total;
}

function afterFirst(runs: readonly Buffer[], bytes: number): Buffer[] {
  let skip = bytes;
  return runs.flatMap((run) => {
    const rest = run.subarray(Math.min(skip, run.length));
    skip -= run.length - rest.length;
    return rest.length > 0 ? [rest] : [];
  });
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

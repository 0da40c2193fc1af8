import { type FileHandle, open, rm } from "node:fs/promises";
import { CHUNK_SIZE, chunkSizeAt } from "../core/chunks/chunk.ts";
import type { Lease } from "../core/chunks/pool.ts";
import type { SealPlace } from "../core/chunks/seal.ts";
import type { DigestedChunk } from "../core/chunks/tasks.ts";
import { writeAll } from "../core/files.ts";
import { settleAll } from "../core/settle-all.ts";
import { WriteBehind } from "../core/write-behind.ts";
import { ContentHasher, type HashedContent } from "./content-hasher.ts";
import { onDisk } from "./on-disk.ts";
import { overChunks } from "./over-chunks.ts";
import { PieceLog } from "./piece-log.ts";
import type { StagingContext } from "./staging-context.ts";
import type { VolumePaths } from "./volume-paths.ts";
import { type WantedContent, layerOf, wrongContent } from "./wanted-content.ts";
import { writeTemporary } from "./whole-file.ts";

/**
 * Fills `place` with the content's bytes from `offset` on, and tells `onBytes` of bytes as they come, of each only once. Is
 * called for several places at once, as a rule in rising order, and tries again by itself where that may help.
 */
export type ReadContent = (
  place: Buffer,
  offset: number,
  options: { readonly signal: AbortSignal; readonly onBytes: (bytes: number) => void },
) => Promise<void>;

export interface FetchOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** A file with the wanted content, checked, synced and closed, that has not its final name yet. */
export interface FetchedFile {
  readonly path: string;
  readonly content: HashedContent;
}

interface Fetch {
  readonly wanted: WantedContent;
  readonly read: ReadContent;
}

/**
 * Fetches content of more than one chunk into `partial/`, where a later run finds the pieces that are whole. Content that
 * turns out wrong in the end is dropped.
 */
export async function fetchPieces(
  { paths, pool }: StagingContext,
  { wanted, read }: Fetch,
  { signal, onBytes = () => {} }: FetchOptions,
): Promise<FetchedFile> {
  const partial = paths.partialContent(wanted.sha256);
  const inVolume = <T>(work: () => Promise<T>): Promise<T> => onDisk(paths.root, work);
  const hasher = new ContentHasher(pool, { size: wanted.size, ...layerOf(wanted) });
  await using data = await inVolume(() => openData(partial.data));
  const behind = new WriteBehind(data);
  await using log = await inVolume(() => PieceLog.open(partial.log));

  const piece = async (lease: Lease, index: number, stop: AbortSignal): Promise<void> => {
    const [offset, length] = [index * CHUNK_SIZE, chunkSizeAt(wanted.size, index)];
    const at = { offset, length, place: hasher.sealPlace(index) };
    const isOnDisk = isFinished(lease, at);
    const digested = isOnDisk.then(async (found) => found ?? (await fetchOne(lease, at, stop)));
    const logged = Promise.all([digested, isOnDisk]).then(async ([digest, found]) => {
      if (found !== undefined) return onBytes(length);
      await inVolume(async () => {
        await writeAll(data, lease.bytes.subarray(0, length), offset);
        behind.wrote(length);
      });
      await inVolume(() => log.add(index, digest.sha256));
    });
    await settleAll([hasher.add(lease, digested), logged]);
  };
  const isFinished = async (
    lease: Lease,
    { offset, length, place }: Piece,
  ): Promise<DigestedChunk | undefined> => {
    const known = log.finished.get(place.index);
    if (known === undefined) return undefined;
    const extent = { path: partial.data, offset, length };
    const found = await inVolume(() => pool.run("readAndSeal", lease, { extent, place }));
    return found.length === length && found.sha256 === known ? found : undefined;
  };
  const fetchOne = async (
    lease: Lease,
    { offset, length, place }: Piece,
    stop: AbortSignal,
  ): Promise<DigestedChunk> => {
    await read(lease.bytes.subarray(0, length), offset, { signal: stop, onBytes });
    return pool.run("digestAndSeal", lease, { length, place });
  };

  await overChunks({ pool, size: wanted.size, signal }, piece);
  const content = await hasher.finish();
  if (content.sha256 !== wanted.sha256) {
    await dropPartial(paths, wanted.sha256);
    throw wrongContent(wanted, `what came hashes to sha256:${content.sha256}`);
  }
  await inVolume(async () => {
    await data.truncate(wanted.size);
    await behind.sync();
  });
  return { path: partial.data, content };
}

/** Fetches content of one chunk at most, in one read: there is nothing to resume. */
export async function fetchWhole(
  { paths, pool }: StagingContext,
  { wanted, read }: Fetch,
  { signal = new AbortController().signal, onBytes = () => {} }: FetchOptions,
): Promise<FetchedFile> {
  using lease = await pool.lease();
  signal.throwIfAborted();
  const place = lease.bytes.subarray(0, wanted.size);
  if (wanted.size > 0) await read(place, 0, { signal, onBytes });
  const sha256 = await pool.run("digest", lease, { length: wanted.size });
  if (sha256 !== wanted.sha256) throw wrongContent(wanted, `what came hashes to sha256:${sha256}`);
  const path = await onDisk(paths.root, () => writeTemporary(paths, place));
  return { path, content: { sha256, chunks: wanted.size === 0 ? [] : [sha256] } };
}

export async function dropPartial(paths: VolumePaths, sha256: string): Promise<void> {
  const { data, log } = paths.partialContent(sha256);
  await rm(log, { force: true });
  await rm(data, { force: true });
}

interface Piece {
  readonly offset: number;
  readonly length: number;
  readonly place: SealPlace;
}

async function openData(path: string): Promise<FileHandle> {
  // Neither "r+" (must exist) nor "w+" (empties) nor "a+" (ignores positions) does this.
  await (await open(path, "a")).close();
  return open(path, "r+");
}

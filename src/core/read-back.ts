import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { CHUNK_SIZE } from "./chunks/chunk.ts";
import type { ChunkPool } from "./chunks/pool.ts";
import { hasCode } from "./errors.ts";
import { pageAlignedBuffer } from "./page-aligned-buffer.ts";
import type { WorkOptions } from "./progress.ts";
import { countBytes } from "./progress.ts";
import { thrownLater } from "./thrown-later.ts";

/** What a medium has of a file. */
export interface ReadBack {
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  /** Whether it was read from the medium itself, and not from what the operating system remembers of it. */
  readonly isDirect: boolean;
}

/** What `open` needs for that; macOS and Windows have no such flag. Its value differs from one kind of processor to another. */
const DIRECT: number | undefined = constants.O_DIRECT;

/** Reads all of a file, past the page cache where the system and the file system can do that (open(2), O_DIRECT). */
export async function readBack(
  path: string,
  pool: ChunkPool,
  { called, ...work }: WorkOptions & { readonly called: string },
): Promise<ReadBack> {
  const count = countBytes(called, await sizeOf(path), work.onProgress);
  if (DIRECT !== undefined) {
    try {
      return { ...(await digestOf(path, { pool, count, ...work, flag: DIRECT })), isDirect: true };
    } catch (error) {
      // Either the file system has no such reads, or it wants another alignment: both are told before the first byte.
      if (!hasCode(error, "EINVAL", "EOPNOTSUPP")) throw error;
    }
  }
  return { ...(await digestOf(path, { pool, count, ...work, flag: 0 })), isDirect: false };
}

async function sizeOf(path: string): Promise<number> {
  await using file = await open(path);
  return (await file.stat()).size;
}

interface DigestOptions extends WorkOptions {
  readonly pool: ChunkPool;
  readonly flag: number;
  readonly count: (bytes: number) => void;
}

/** One buffer is hashed while the other is filled. */
async function digestOf(
  path: string,
  { pool, flag, signal, count }: DigestOptions,
): Promise<{ readonly sha256: string; readonly size: number }> {
  await using file = await open(path, constants.O_RDONLY | flag);
  const hash = pool.sequentialHash();
  const buffers = [pageAlignedBuffer(CHUNK_SIZE), pageAlignedBuffer(CHUNK_SIZE)] as const;
  let hashed = Promise.resolve();
  for (let size = 0; ; size += CHUNK_SIZE) {
    signal?.throwIfAborted();
    const bytes = buffers[(size / CHUNK_SIZE) % 2 === 0 ? 0 : 1];
    const { bytesRead } = await file.read(bytes, 0, CHUNK_SIZE, size);
    await hashed;
    if (bytesRead > 0) hashed = thrownLater(hash.updateRuns([bytes.subarray(0, bytesRead)]));
    count(bytesRead);
    // Only a file's end is shorter than what was asked for.
    if (bytesRead === CHUNK_SIZE) continue;
    await hashed;
    return { sha256: await hash.digest(), size: size + bytesRead };
  }
}

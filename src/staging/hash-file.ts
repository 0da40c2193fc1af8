import { CHUNK_SIZE, chunkCount, chunkSizeAt } from "../core/chunks/chunk.ts";
import type { ChunkPool, Lease } from "../core/chunks/pool.ts";
import { settleAll } from "../core/settle-all.ts";
import type { DigestedChunk } from "../core/chunks/tasks.ts";
import { ContentHasher, type HashedContent, type HashPlan } from "./content-hasher.ts";
import { overChunks } from "./over-chunks.ts";

export interface HashOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told of bytes as they are hashed. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** Hashes a file of `size` bytes. Returns undefined where it ends early. Errors are the file system's own. */
export async function hashFile(
  pool: ChunkPool,
  { path, size, layerOf }: { readonly path: string; readonly size: number } & HashPlan,
  { signal, onBytes }: HashOptions,
): Promise<HashedContent | undefined> {
  if (chunkCount(size) === 1) return hashOneChunk(pool, { path, size }, { signal, onBytes });
  const hasher = new ContentHasher(pool, { size, layerOf });
  let isWhole = true;
  const hashChunk = async (lease: Lease, index: number): Promise<void> => {
    const length = chunkSizeAt(size, index);
    const extent = { path, offset: index * CHUNK_SIZE, length };
    const digested = pool.run("readAndSeal", lease, { extent, place: hasher.sealPlace(index) });
    await settleAll([hasher.add(lease, digested), digested.then((chunk) => check(chunk, length))]);
  };
  const check = (chunk: DigestedChunk, expected: number): void => {
    isWhole &&= chunk.length === expected;
    onBytes?.(chunk.length);
  };
  await overChunks({ pool, size, signal }, hashChunk);
  const hashed = await hasher.finish();
  return isWhole ? hashed : undefined;
}

/** Without what only order among chunks needs: models have thousands of small files. */
async function hashOneChunk(
  pool: ChunkPool,
  { path, size }: { readonly path: string; readonly size: number },
  { signal, onBytes }: HashOptions,
): Promise<HashedContent | undefined> {
  using lease = await pool.lease();
  signal?.throwIfAborted();
  const extent = { path, offset: 0, length: size };
  const { length, sha256 } = await pool.run("readAndDigest", lease, extent);
  onBytes?.(length);
  return length === size ? { sha256, chunks: [sha256] } : undefined;
}

import { open } from "node:fs/promises";
import type { ChunkPool } from "../../core/chunks/pool.ts";
import { CHUNK_SIZE } from "../../core/chunks/chunk.ts";
import { hasCode } from "../../core/errors.ts";
import { type WorkOptions, countBytes } from "../../core/progress.ts";
import type { FoundFile } from "./part-set.ts";

/** sha256 of a part's file, hex; undefined where the medium cannot be read. */
export async function partDigest(
  { path, size }: FoundFile,
  pool: ChunkPool,
  { signal, onProgress }: WorkOptions,
): Promise<string | undefined> {
  const hash = pool.sequentialHash();
  const count = countBytes(path, size, onProgress);
  try {
    await using file = await open(path);
    for (let at = 0; ;) {
      signal?.throwIfAborted();
      using lease = await pool.lease();
      const { bytesRead } = await file.read(lease.bytes, 0, CHUNK_SIZE, at);
      if (bytesRead === 0) return await hash.digest();
      await hash.update(lease, 0, bytesRead);
      count(bytesRead);
      at += bytesRead;
    }
  } catch (error) {
    if (hasCode(error, "EIO", "ENOENT", "ENODEV")) return undefined;
    throw error;
  }
}

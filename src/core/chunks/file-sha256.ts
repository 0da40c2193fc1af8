import { thrownLater } from "../thrown-later.ts";
import { CHUNK_SIZE } from "./chunk.ts";
import type { ChunkPool } from "./pool.ts";

export interface FileHashOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told of bytes as they are hashed. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/**
 * The sha256 of a whole file, in hex digits, and its size: by one worker, while another one reads ahead. Errors are the file
 * system's own.
 */
export async function fileSha256(
  path: string,
  pool: ChunkPool,
  { signal, onBytes }: FileHashOptions = {},
): Promise<{ readonly sha256: string; readonly size: number }> {
  const hash = pool.sequentialHash();
  let size = 0;
  let hashing = Promise.resolve();
  try {
    for (;;) {
      signal?.throwIfAborted();
      const lease = await pool.lease();
      const extent = { path, offset: size, length: CHUNK_SIZE };
      const length = await pool.run("read", lease, extent).catch((error: unknown) => {
        lease[Symbol.dispose]();
        throw error;
      });
      await hashing.catch((error: unknown) => {
        lease[Symbol.dispose]();
        throw error;
      });
      const update = hash.update(lease, 0, length);
      hashing = thrownLater(update.finally(() => lease[Symbol.dispose]()));
      onBytes?.(length);
      size += length;
      if (length < CHUNK_SIZE) break;
    }
  } finally {
    await hashing;
  }
  return { sha256: await hash.digest(), size };
}

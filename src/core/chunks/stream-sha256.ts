import { copyBytes } from "../copy-bytes.ts";
import { thrownLater } from "../thrown-later.ts";
import type { FileHashOptions } from "./file-sha256.ts";
import { BUFFER_SIZE, type ChunkPool, type Lease } from "./pool.ts";

/**
 * The sha256, in hex digits, of content that comes in pieces of any size: gathered in buffers, of which a worker hashes one while
 * the next is filled. Handed on piece by piece, a fast engine's content would be copied to the worker and back, faster than that
 * is collected.
 */
export async function streamSha256(
  content: AsyncIterable<Uint8Array>,
  pool: ChunkPool,
  { signal, onBytes }: FileHashOptions = {},
): Promise<string> {
  const hash = pool.sequentialHash();
  let lease: Lease | undefined;
  let filled = 0;
  let hashing = Promise.resolve();
  try {
    for await (const bytes of content) {
      signal?.throwIfAborted();
      for (let rest = bytes; rest.length > 0;) {
        lease ??= await pool.lease();
        const taken = rest.subarray(0, BUFFER_SIZE - filled);
        copyBytes(lease.bytes, taken, filled);
        filled += taken.length;
        rest = rest.subarray(taken.length);
        if (filled === BUFFER_SIZE) await handOn(lease);
      }
      onBytes?.(bytes.length);
    }
    if (lease !== undefined) await handOn(lease);
  } finally {
    lease?.[Symbol.dispose]();
    await hashing;
  }
  return hash.digest();

  async function handOn(full: Lease): Promise<void> {
    await hashing;
    const update = hash.update(full, 0, filled);
    hashing = thrownLater(update.finally(() => full[Symbol.dispose]()));
    lease = undefined;
    filled = 0;
  }
}

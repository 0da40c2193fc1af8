import type { SequentialHash } from "../core/chunks/pool.ts";

/** Adds bytes to a hash: where they lie, if a worker can see them there. */
export async function updateHash(hash: SequentialHash, bytes: Buffer): Promise<void> {
  await (isShared(bytes) ? hash.updateRuns([bytes]) : hash.updateBytes(bytes));
}

function isShared(bytes: Buffer): bytes is Buffer<SharedArrayBuffer> {
  return bytes.buffer instanceof SharedArrayBuffer;
}

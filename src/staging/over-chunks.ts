import { chunkCount } from "../core/chunks/chunk.ts";
import type { ChunkPool, Lease } from "../core/chunks/pool.ts";

export interface ChunkedContent {
  readonly pool: ChunkPool;
  /** Bytes. */
  readonly size: number;
  readonly signal?: AbortSignal | undefined;
}

export type ChunkWork = (lease: Lease, index: number, signal: AbortSignal) => Promise<void>;

/**
 * Works on all chunks of a content at once, as many as there are buffers. `work` begins in the chunks' order, each with a
 * buffer that is taken back when its promise settles. So work may wait for that of earlier chunks, and for nothing else that
 * needs a buffer: then it never happens that all buffers are held by work that waits for one. The first error aborts the
 * others and is thrown after all have ended.
 */
export async function overChunks(
  { pool, size, signal }: ChunkedContent,
  work: ChunkWork,
): Promise<void> {
  const failure = new AbortController();
  const stop = signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal]);
  const running = new Set<Promise<void>>();
  for (let index = 0; index < chunkCount(size); index += 1) {
    const lease = await pool.lease();
    if (stop.aborted) {
      lease[Symbol.dispose]();
      break;
    }
    const task = runWith(lease, () => work(lease, index, stop)).catch((error: unknown) =>
      failure.abort(error),
    );
    running.add(task);
    void task.then(() => running.delete(task));
  }
  await Promise.all(running);
  stop.throwIfAborted();
}

async function runWith(lease: Lease, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } finally {
    lease[Symbol.dispose]();
  }
}

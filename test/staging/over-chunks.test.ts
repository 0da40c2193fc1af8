import { afterAll, expect, test } from "vitest";
import { CHUNK_SIZE } from "../../src/core/chunks/chunk.ts";
import { BUFFER_COUNT, ChunkPool } from "../../src/core/chunks/pool.ts";
import { overChunks } from "../../src/staging/over-chunks.ts";

const pool = new ChunkPool();
afterAll(() => pool[Symbol.asyncDispose]());

test("begins in order, and works on no more chunks at once than there are buffers", async () => {
  const begun: number[] = [];
  let running = 0;
  let most = 0;
  const size = 3 * BUFFER_COUNT * CHUNK_SIZE;
  await overChunks({ pool, size }, async (_lease, index) => {
    begun.push(index);
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
  });
  expect(begun).toEqual(Array.from({ length: 3 * BUFFER_COUNT }, (_, index) => index));
  expect(most).toBe(BUFFER_COUNT);
});

test("the first error stops the others, ends the work after them, and all buffers come back", async () => {
  const error = new Error("piece 2");
  const stopped: number[] = [];
  const size = 3 * BUFFER_COUNT * CHUNK_SIZE;
  const work = overChunks({ pool, size }, async (_lease, index, signal) => {
    await new Promise((resolve) => setImmediate(resolve));
    if (index === 2) throw error;
    if (!signal.aborted) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    }
    stopped.push(index);
    throw signal.reason;
  });
  await expect(work).rejects.toBe(error);
  expect(stopped).toHaveLength(BUFFER_COUNT - 1);
  const leases = await Promise.all(Array.from({ length: BUFFER_COUNT }, () => pool.lease()));
  for (const lease of leases) lease[Symbol.dispose]();
});

import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { BUFFER_COUNT, BUFFER_SIZE, ChunkPool } from "../../../src/core/chunks/pool.ts";
import { streamSha256 } from "../../../src/core/chunks/stream-sha256.ts";
import { noise } from "../../support/small-bundle.ts";

const CONTENT = noise(2 * BUFFER_SIZE + 4711, 7);

test.each([
  ["nothing", 0, 1],
  ["less than a buffer", 70_001, 65_536],
  ["a buffer to its last byte", BUFFER_SIZE, 1024 * 1024],
  ["more than two buffers, in pieces that do not fit", CONTENT.length, 300_007],
  ["one piece of more than two buffers", CONTENT.length, CONTENT.length],
])("%s has the sha256 that it has as a whole", async (_, size, piece) => {
  await using pool = new ChunkPool();
  const content = CONTENT.subarray(0, size);
  const told: number[] = [];
  const onBytes = (bytes: number): void => void told.push(bytes);
  const sha256 = await streamSha256(inPieces(content, piece), pool, { onBytes });
  expect(sha256).toBe(createHash("sha256").update(content).digest("hex"));
  expect(told.reduce((sum, bytes) => sum + bytes, 0)).toBe(size);
});

test("content that fails gives every buffer back, and its own error", async () => {
  await using pool = new ChunkPool();
  for (let i = 0; i < 2 * BUFFER_COUNT; i += 1) {
    await expect(streamSha256(failing(), pool)).rejects.toThrow("the engine is gone");
  }
});

test("a pool that is closed meanwhile is the error, and nothing else fails", async () => {
  const pool = new ChunkPool();
  await expect(streamSha256(closing(pool), pool)).rejects.toThrow("the worker pool was closed");
});

async function* inPieces(content: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

async function* closing(pool: ChunkPool): AsyncGenerator<Buffer> {
  yield CONTENT.subarray(0, BUFFER_SIZE);
  await pool[Symbol.asyncDispose]();
  // Time for a rejection that nobody listens to.
  await delay(20);
  yield CONTENT.subarray(BUFFER_SIZE);
}

async function* failing(): AsyncGenerator<Buffer> {
  yield CONTENT.subarray(0, BUFFER_SIZE + 1);
  throw new Error("the engine is gone");
}

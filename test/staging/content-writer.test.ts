import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { CHUNK_SIZE } from "../../src/core/chunks/chunk.ts";
import { BUFFER_COUNT, ChunkPool } from "../../src/core/chunks/pool.ts";
import { StagingVolume } from "../../src/staging/staging-volume.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { testContent } from "./test-content.ts";

const pool = new ChunkPool();
afterAll(() => pool[Symbol.asyncDispose]());

test.each([0, 93, 256 * 1024, 256 * 1024 + 1, CHUNK_SIZE, 2 * CHUNK_SIZE + 5])(
  "keeps a stream of %i bytes under its digest, with its chunks' digests",
  async (size) => {
    await using dir = await temporaryDirectory();
    const volume = await StagingVolume.open(dir.path, pool);
    const { bytes, sha256 } = testContent(size);
    await using writer = volume.createContent();
    for (let at = 0; at < size; at += 100_003) await writer.write(bytes.subarray(at, at + 100_003));
    const staged = await writer.commit({ expected: { sha256 } });
    expect(staged).toMatchObject({ sha256, size });
    expect(staged.chunks).toEqual(chunkSums(bytes));
    expect((await readFile(staged.path)).equals(bytes)).toBe(true);
    expect(await volume.find({ sha256 })).toEqual(staged);
    expect(await readdir(join(dir.path, "tmp"))).toEqual([]);
  },
);

test("the caller may reuse the bytes that it wrote", async () => {
  await using dir = await temporaryDirectory();
  const volume = await StagingVolume.open(dir.path, pool);
  for (const size of [10, 3 * CHUNK_SIZE]) {
    await using writer = volume.createContent();
    const hash = createHash("sha256");
    const piece = Buffer.alloc(size / 2);
    for (const value of [1, 2]) {
      piece.fill(value);
      hash.update(piece);
      await writer.write(piece);
    }
    piece.fill(3);
    expect((await writer.commit()).sha256).toBe(hash.digest("hex"));
  }
});

test("content that the volume has already is not kept twice", async () => {
  await using dir = await temporaryDirectory();
  const volume = await StagingVolume.open(dir.path, pool);
  const { bytes } = testContent(CHUNK_SIZE + 9);
  const staged = [];
  for (let i = 0; i < 2; i += 1) {
    await using writer = volume.createContent();
    await writer.write(bytes);
    staged.push(await writer.commit());
  }
  expect(staged[0]).toEqual(staged[1]);
  expect(await readdir(join(dir.path, "blobs/sha256"))).toHaveLength(1);
  expect(await readdir(join(dir.path, "tmp"))).toEqual([]);
});

test("what is not what was expected, and what was given up, leaves nothing behind", async () => {
  await using dir = await temporaryDirectory();
  const volume = await StagingVolume.open(dir.path, pool);
  for (const size of [10, CHUNK_SIZE + 9]) {
    await using writer = volume.createContent();
    await writer.write(Buffer.alloc(size));
    await expect(
      writer.commit({ expected: { sha256: "0".repeat(64), label: "layer 2 of 7" } }),
    ).rejects.toMatchObject({
      code: "WRONG_CONTENT",
      message: expect.stringContaining("layer 2 of 7"),
    });
    await using given = volume.createContent();
    await given.write(Buffer.alloc(size));
  }
  expect(await readdir(join(dir.path, "blobs/sha256"))).toEqual([]);
  expect(await readdir(join(dir.path, "tmp"))).toEqual([]);
  // All buffers came back: a writer that kept one would let this wait for ever.
  const leases = await Promise.all(Array.from({ length: BUFFER_COUNT }, () => pool.lease()));
  for (const lease of leases) lease[Symbol.dispose]();
});

function chunkSums(bytes: Buffer): string[] {
  const sums = [];
  for (let at = 0; at < bytes.length; at += CHUNK_SIZE) {
    sums.push(
      createHash("sha256")
        .update(bytes.subarray(at, at + CHUNK_SIZE))
        .digest("hex"),
    );
  }
  return sums;
}

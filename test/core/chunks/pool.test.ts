import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BUFFER_COUNT, ChunkPool } from "../../../src/core/chunks/pool.ts";
import { sha256Hex } from "../../../src/core/digest.ts";
import { PAGE_SIZE } from "../../../src/core/page-aligned-buffer.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

test("a hash over many pieces has them in their order, whatever else the workers do", async () => {
  await using pool = new ChunkPool();
  using lease = await pool.lease();
  const content = randomBytes(4_000_000);
  lease.bytes.set(content);
  const hashes = Array.from({ length: 3 }, () => pool.sequentialHash());
  const others = Array.from({ length: 20 }, () => pool.run("digest", lease, { length: 1000 }));
  const updates = hashes.flatMap((hash) =>
    Array.from({ length: 40 }, (_, index) => hash.update(lease, index * 100_000, 100_000)),
  );
  const digests = hashes.map((hash) => hash.digest());
  await Promise.all([...updates, ...others]);
  expect(await Promise.all(digests)).toEqual(hashes.map(() => sha256Hex(content)));
});

test("what waits for a worker fails when the pool is closed", async () => {
  const pool = new ChunkPool();
  const lease = await pool.lease();
  const waiting = Array.from({ length: 30 }, () =>
    pool.run("digest", lease, { length: 8_000_000 }),
  );
  const hash = pool.sequentialHash();
  const settled = Promise.allSettled([...waiting, hash.digest()]);
  await pool[Symbol.asyncDispose]();
  const reasons = (await settled).filter(({ status }) => status === "rejected");
  expect(reasons.length).toBeGreaterThan(20);
  await expect(pool.run("digest", lease, { length: 1 })).rejects.toThrow(
    "the worker pool was closed",
  );
});

test("every buffer begins where the disk takes it without the page cache", async ({ skip }) => {
  await using directory = await temporaryDirectory();
  const { O_WRONLY, O_CREAT, O_DIRECT } = constants;
  const path = join(directory.path, "file");
  await using file = await open(path, O_WRONLY | O_CREAT | O_DIRECT).catch(() => undefined);
  if (file === undefined) console.warn("SKIPPED: here nothing is written past the page cache");
  skip(file === undefined);
  await using pool = new ChunkPool();
  for (let i = 0; i < BUFFER_COUNT; i += 1) {
    const { bytes } = await pool.lease();
    const written = await file?.write(bytes, 0, PAGE_SIZE, i * PAGE_SIZE);
    expect(written?.bytesWritten).toBe(PAGE_SIZE);
  }
});

import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CHUNK_SIZE } from "../../../src/core/chunks/chunk.ts";
import { fileSha256 } from "../../../src/core/chunks/file-sha256.ts";
import { BUFFER_COUNT, ChunkPool } from "../../../src/core/chunks/pool.ts";
import { noise } from "../../support/small-bundle.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

test.each([0, 1, CHUNK_SIZE, 2 * CHUNK_SIZE + 4711])(
  "a file of %i bytes has the sha256 that it has as a whole",
  async (size) => {
    await using directory = await temporaryDirectory();
    await using pool = new ChunkPool();
    const path = join(directory.path, "file");
    const content = noise(size, 3);
    await writeFile(path, content);
    const sha256 = createHash("sha256").update(content).digest("hex");
    expect(await fileSha256(path, pool)).toEqual({ sha256, size });
  },
);

test("a pool that is closed meanwhile is the error, and nothing else fails", async () => {
  await using directory = await temporaryDirectory();
  const pool = new ChunkPool();
  const path = join(directory.path, "file");
  await writeFile(path, noise(3 * CHUNK_SIZE, 5));
  const onBytes = (): void => void pool[Symbol.asyncDispose]();
  await expect(fileSha256(path, pool, { onBytes })).rejects.toThrow("the worker pool was closed");
  // Every buffer is back.
  await Promise.all(Array.from({ length: BUFFER_COUNT }, () => pool.lease()));
});

import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, statfs } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { OutputBlocks } from "../../src/bundle/output/output-blocks.ts";
import { DirectFile } from "../../src/core/direct-file.ts";
import { canMount, smallFileSystem } from "../staging/small-file-system.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const MIB = 1024 ** 2;
const TMPFS_MAGIC = 0x01_02_19_94;

const run = promisify(execFile);

test.each([0, 1, 4095, 4096, 4097, 4 * MIB, 4 * MIB + 1, 13 * MIB + 5])(
  "what is written in blocks, %d bytes in all, is what the file has",
  async (size) => {
    await using directory = await temporaryDirectory();
    const content = randomBytes(size);
    await writeInBlocks(join(directory.path, "file"), content, 1_000_003);
    expect((await readFile(join(directory.path, "file"))).equals(content)).toBe(true);
  },
);

test("memory that does not begin where a disk wants it is written all the same", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "file");
  const file = await DirectFile.create(path);
  const content = randomBytes(3 * 4096);
  await file.write(Buffer.alloc(8192 * 3, content).subarray(1, 8193), 0);
  await file.write(content.subarray(1, 4097), 8192);
  await file.close();
  const expected = Buffer.concat([content.subarray(1, 8193), content.subarray(1, 4097)]);
  expect((await readFile(path)).equals(expected)).toBe(true);
});

test("a disk gets whole pages past the page cache", async ({ skip }) => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "file");
  const isInMemory = (await statfs(directory.path)).type === TMPFS_MAGIC;
  const canTell = (await run("fincore", ["--version"]).catch(() => undefined)) !== undefined;
  if (isInMemory || !canTell)
    console.warn(
      "SKIPPED: a temporary directory on a disk and util-linux's fincore are needed here",
    );
  skip(isInMemory || !canTell);
  await writeInBlocks(path, randomBytes(12 * MIB + 5), MIB);
  const { stdout } = await run("fincore", ["--bytes", "--noheadings", "--output", "PAGES", path]);
  // The last page is not a whole one.
  expect(Number(stdout)).toBeLessThanOrEqual(1);
});

test.skipIf(!canMount)("a full disk is said for the block that it has no room for", async () => {
  await using disk = await smallFileSystem(8 * MIB);
  const path = join(disk.path, "file");
  await expect(writeInBlocks(path, randomBytes(16 * MIB), MIB)).rejects.toMatchObject({
    code: "ENOSPC",
  });
});

async function writeInBlocks(path: string, content: Buffer, step: number): Promise<void> {
  const blocks = new OutputBlocks();
  const file = await DirectFile.create(path);
  let position = 0;
  const pass = async (bytes: Buffer): Promise<void> => {
    const at = position;
    position += bytes.length;
    await file.write(bytes, at);
  };
  try {
    for (let from = 0; from < content.length; from += step)
      await blocks.add(content.subarray(from, from + step), pass);
    await blocks.flush(pass);
  } finally {
    await file.close();
  }
}

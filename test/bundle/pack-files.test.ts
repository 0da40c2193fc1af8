import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test, vi } from "vitest";
import { BundleOutput } from "../../src/bundle/output/bundle-output.ts";
import { type PackEntry, stagedEntry } from "../../src/bundle/pack-entry.ts";
import { packFiles } from "../../src/bundle/pack-files.ts";
import { CHUNK_SIZE } from "../../src/core/chunks/chunk.ts";
import { BUFFER_COUNT, ChunkPool } from "../../src/core/chunks/pool.ts";
import { sha256Hex } from "../../src/core/digest.ts";
import { PAGE_SIZE } from "../../src/core/page-aligned-buffer.ts";
import { TAR_BLOCK, tarPadding } from "../../src/core/tar-header.ts";
import { canMount, smallFileSystem } from "../staging/small-file-system.ts";
import { noise, stagedFile } from "../support/small-bundle.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const MIB = 1024 ** 2;
const HEAD = { name: "b", mtime: 0 };

test("weights are packed where in a page they are written from, and are whole in the file", async () => {
  await using packing = await packingOf([
    Buffer.alloc(3 * CHUNK_SIZE),
    noise(10 * CHUNK_SIZE),
    noise(2 * CHUNK_SIZE + 5000, 2),
  ]);
  const { output, contents } = packing;
  const fits: boolean[] = [];
  const take = output.take.bind(output);
  vi.spyOn(output, "take").mockImplementation((leased) => {
    const { byteOffset, length } = leased.bytes;
    if (length > CHUNK_SIZE) fits.push(byteOffset % PAGE_SIZE === output.size % PAGE_SIZE);
    return take(leased);
  });
  await packing.run();
  // How small the first three would become was not known yet when the next three were begun.
  expect(fits.slice(3)).toEqual(Array.from({ length: 9 }, () => true));
  const { sha256 } = await output.finish("0".repeat(64));
  const bytes = await readFile(packing.path);
  expect(sha256Hex(bytes)).toBe(sha256);
  const tar = gunzipSync(bytes);
  let end = 0;
  const found = contents.map(({ length }) => {
    const start = end + TAR_BLOCK;
    end = start + length + tarPadding(length);
    return tar.subarray(start, start + length);
  });
  expect(found.map((bytes, index) => bytes.equals(contents[index] ?? bytes))).toEqual([
    true,
    true,
    true,
  ]);
});

describe("gives every buffer back", () => {
  test.each([
    ["into one file", undefined],
    ["in parts", 5_000_001],
  ])("when all is written, %s", async (_, partSize) => {
    await using packing = await packingOf([noise(9 * CHUNK_SIZE)], { partSize });
    await packing.run();
    await packing.output.finish("0".repeat(64));
    expect(await packing.leaseAll()).toHaveLength(BUFFER_COUNT);
  });

  test.skipIf(!canMount).each([
    ["one file", [noise(9 * CHUNK_SIZE)]],
    ["many files", Array.from({ length: 12 }, (_, index) => noise(5 * MIB, index + 1))],
  ])("when the disk is full before all of %s is written", async (_, contents) => {
    await using disk = await smallFileSystem(24 * MIB);
    await using packing = await packingOf(contents, { directory: disk.path });
    await expect(packing.run()).rejects.toMatchObject({ code: "NO_SPACE" });
    expect(await packing.leaseAll()).toHaveLength(BUFFER_COUNT);
  });

  test("when a header cannot be written", async () => {
    await using packing = await packingOf([noise(9 * CHUNK_SIZE)]);
    vi.spyOn(packing.output, "write").mockRejectedValue(new Error("the disk is gone"));
    await expect(packing.run()).rejects.toThrow("the disk is gone");
    expect(await packing.leaseAll()).toHaveLength(BUFFER_COUNT);
  });
});

/** Of contents as files, with a pool and an output of its own, in `directory` if it is not to be beside them. */
async function packingOf(
  contents: readonly Buffer[],
  {
    partSize,
    directory,
  }: { readonly partSize?: number | undefined; readonly directory?: string } = {},
) {
  await using owned = new AsyncDisposableStack();
  const { path: staged } = owned.use(await temporaryDirectory());
  const pool = owned.use(new ChunkPool());
  const path = join(directory ?? staged, "b.tar.gz");
  const output = owned.use(await BundleOutput.create(path, { pool, partSize }));
  const entries: PackEntry[] = [];
  for (const [index, content] of contents.entries())
    entries.push(stagedEntry(`file-${index}`, await stagedFile(staged, content)));
  const kept = owned.move();
  return {
    path,
    output,
    contents,
    run: () => packFiles({ pool, output, head: HEAD }, entries, {}),
    /** Waits for ever where one is missing. */
    leaseAll: () => Promise.all(Array.from({ length: BUFFER_COUNT }, () => pool.lease())),
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

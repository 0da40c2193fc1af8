import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { BundleOutput } from "../../src/bundle/output/bundle-output.ts";
import { stagedEntry } from "../../src/bundle/pack-entry.ts";
import { packFiles } from "../../src/bundle/pack-files.ts";
import { CHUNK_SIZE } from "../../src/core/chunks/chunk.ts";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { PAGE_SIZE } from "../../src/core/page-aligned-buffer.ts";
import { noise, stagedFile } from "../support/small-bundle.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

test("weights are packed where in a page they are written from, whatever was deflated before them", async () => {
  await using directory = await temporaryDirectory();
  await using pool = new ChunkPool();
  await using output = await BundleOutput.create(join(directory.path, "b.tar.gz"), { pool });
  const fits: boolean[] = [];
  const take = output.take.bind(output);
  vi.spyOn(output, "take").mockImplementation((lease) => {
    const { byteOffset, length } = lease.bytes;
    if (length > CHUNK_SIZE) fits.push(byteOffset % PAGE_SIZE === output.size % PAGE_SIZE);
    return take(lease);
  });
  const contents = [Buffer.alloc(3 * CHUNK_SIZE), noise(10 * CHUNK_SIZE), noise(2 * CHUNK_SIZE, 2)];
  const files = await Promise.all(contents.map((content) => stagedFile(directory.path, content)));
  const entries = files.map((file, index) => stagedEntry(`file-${index}`, file));
  await packFiles({ pool, output, head: { name: "b", mtime: 0 } }, entries, {});
  // How small the three before would become was not known yet when the first five were begun.
  expect(fits.slice(5)).toEqual(Array.from({ length: 7 }, () => true));
});

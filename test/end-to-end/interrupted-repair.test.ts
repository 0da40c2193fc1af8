import { watch } from "node:fs";
import { copyFile, open, readFile, readdir, truncate } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BundleReader } from "../../src/bundle/bundle-reader.ts";
import type { Segment } from "../../src/bundle/layout.ts";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { noise, smallContents, writeSmallBundle } from "../support/small-bundle.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { bundleSucceeds, startBundle } from "./support/bundle-command.ts";

const MIB = 1024 ** 2;

/** After how many changes in the directory: in the spool, in the bundle, and behind its former end. */
const moments = [1, 3, 6, 10, 20];

describe("a repair", () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let whole: string;
  let original: Buffer;
  let segments: readonly Segment[];

  beforeAll(async () => {
    directory = await temporaryDirectory();
    await using pool = new ChunkPool();
    const contents = await smallContents(directory.path, noise(64 * MIB));
    whole = (await writeSmallBundle(directory.path, pool, contents)).path;
    original = await readFile(whole);
    await using reader = await BundleReader.open(whole);
    ({ segments } = reader.layout);
  });

  afterAll(() => directory[Symbol.asyncDispose]());

  test.each(moments)(
    "that is killed at change %i of the directory makes nothing worse, and the next one goes on",
    async (moment) => {
      await using home = await temporaryDirectory();
      const bundle = join(home.path, "small.tar.gz");
      await copyFile(whole, bundle);
      const large = segments.filter(({ length }) => length > MIB);
      await using file = await open(bundle, "r+");
      for (const { offset } of large.slice(0, 4)) await file.write("damage", offset + 1000);
      await truncate(bundle, large[6]?.offset ?? 0);
      const before = rightIn(await readFile(bundle));

      const args = ["repair", bundle, "--from", whole];
      const running = startBundle(args, { home: home.path });
      await Promise.race([changes(home.path, moment), running.ended]);
      running.kill("SIGKILL");
      await running.ended;
      const after = rightIn(await readFile(bundle));
      expect(before.filter((offset) => !after.includes(offset))).toEqual([]);

      await bundleSucceeds(args, { home: home.path });
      expect((await readFile(bundle)).equals(original)).toBe(true);
      expect((await readdir(home.path)).filter((name) => name.startsWith("small"))).toEqual([
        "small.tar.gz",
      ]);
    },
  );

  /** Offsets of the segments that are right. */
  function rightIn(copy: Buffer): number[] {
    return segments
      .filter(({ offset, length }) =>
        copy.subarray(offset, offset + length).equals(original.subarray(offset, offset + length)),
      )
      .map(({ offset }) => offset);
  }
});

function changes(path: string, count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let seen = 0;
  const watcher = watch(path, (_, name) => {
    if (name?.startsWith("small.tar.gz") !== true || name.endsWith(".lock")) return;
    seen += 1;
    if (seen < count) return;
    watcher.close();
    resolve();
  });
  return promise;
}

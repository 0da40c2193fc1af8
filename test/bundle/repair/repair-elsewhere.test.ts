import { copyFile, open, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BundleReader } from "../../../src/bundle/bundle-reader.ts";
import type { Segment } from "../../../src/bundle/layout.ts";
import { type CopyPlaces, repair } from "../../../src/bundle/repair/repair.ts";
import { ChunkPool } from "../../../src/core/chunks/pool.ts";
import { sha256Hex } from "../../../src/core/digest.ts";
import { canMount, smallFileSystem } from "../../staging/small-file-system.ts";
import { writeSmallBundle } from "../../support/small-bundle.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { type Damage, write } from "./damage.ts";

describe("a damaged bundle", () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let pool: ChunkPool;
  let original: Buffer;
  let segments: readonly Segment[];
  let good: string;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    pool = new ChunkPool();
    ({ path: good } = await writeSmallBundle(directory.path, pool));
    await using reader = await BundleReader.open(good);
    ({ segments } = reader.layout);
    original = await readFile(good);
  });

  afterAll(async () => {
    await pool[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  test.runIf(canMount)(
    "on a stick that is write-protected is written whole elsewhere",
    async () => {
      await using stick = await smallFileSystem(2 * original.length);
      const bundle = join(stick.path, "small.tar.gz");
      await copyFile(good, bundle);
      await using own = await open(bundle, "r+");
      await write(own, [flip(segments[1], 3), flip(segments.at(-1), 3), flip(segments[0], 1)]);
      await own.close();
      await stick.makeReadOnly();
      await expect(repair(from(bundle), { pool })).rejects.toMatchObject({
        code: "NO_RIGHTS",
        exitCode: 7,
        hint: expect.stringContaining("--output"),
      });
      const output = join(directory.path, "mended.tar.gz");
      const report = await repair({ ...from(bundle), output }, { pool });
      expect(report).toMatchObject({ unmended: [], output: { path: output } });
      expect((await readFile(output)).equals(original)).toBe(true);
      expect(await readFile(`${output}.sha256`, "utf8")).toContain(sha256Hex(original));
      expect(report.read).toBeLessThan((segments[1]?.length ?? 0) + original.length / 100);
    },
  );

  test("that cannot be written whole elsewhere leaves nothing there", async () => {
    await using place = await temporaryDirectory();
    const bundle = join(directory.path, "damaged.tar.gz");
    await copyFile(good, bundle);
    await using own = await open(bundle, "r+");
    await write(own, [flip(segments[1], 3)]);
    const output = join(place.path, "mended.tar.gz");
    const report = await repair({ ...from(bundle), others: [], output }, { pool });
    expect(report).toMatchObject({ unmended: [expect.anything()], written: 0 });
    expect(await readdir(place.path)).toEqual([]);
  });

  test.runIf(canMount)(
    "is refused where what is to be mended finds no space, and stays as it is",
    async () => {
      await using stick = await smallFileSystem(original.length + 4096);
      const bundle = join(stick.path, "small.tar.gz");
      await copyFile(good, bundle);
      await using own = await open(bundle, "r+");
      const damages = segments.flatMap((segment) =>
        segment.kind === "chunk" && segment.length > 5_000_000 ? [flip(segment, 3)] : [],
      );
      await write(own, damages);
      await expect(repair(from(bundle), { pool })).rejects.toMatchObject({
        code: "NO_SPACE",
      });
      expect(await readdir(stick.path)).toEqual(["small.tar.gz"]);
      expect(differences(await readFile(bundle))).toHaveLength(damages.length);
    },
  );

  function from(path: string): CopyPlaces {
    return { damaged: { kind: "file", path }, others: [{ kind: "file", path: good }] };
  }

  function flip(segment: Segment | undefined, at: number): Damage {
    const start = (segment?.offset ?? 0) + at;
    return { start, bytes: Buffer.from([(original[start] ?? 0) ^ 1]) };
  }

  /** The segments in which a copy differs. */
  function differences(copy: Buffer): Segment[] {
    return segments.filter(
      ({ offset, length }) =>
        !copy.subarray(offset, offset + length).equals(original.subarray(offset, offset + length)),
    );
  }
});

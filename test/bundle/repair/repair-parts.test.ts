import {
  appendFile,
  copyFile,
  mkdir,
  open,
  readFile,
  readdir,
  rename,
  rm,
  truncate,
} from "node:fs/promises";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findBundle } from "../../../src/bundle/find-bundle.ts";
import { type RepairReport, repair } from "../../../src/bundle/repair/repair.ts";
import { CHUNK_SIZE } from "../../../src/core/chunks/chunk.ts";
import { ChunkPool } from "../../../src/core/chunks/pool.ts";
import { verifyBundle } from "../../../src/verify-bundle.ts";
import { badMedium } from "../../support/bad-medium.ts";
import { type SmallParts, writeSmallParts } from "../../support/small-parts.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { canMount } from "../../staging/small-file-system.ts";

const numbers = [1, 2, 3, 4, 5, 6, 7];

/** Of a content whose chunks go over borders of parts, the largest over several. */
const SIZE = CHUNK_SIZE + 70_001;

describe("a bundle in 7 parts", () => {
  let good: Awaited<ReturnType<typeof temporaryDirectory>>;
  let pool: ChunkPool;
  let parts: SmallParts;
  /** The same bundle in one file; in "thirds" it is in three parts. */
  let whole: string;
  /** Another bundle. */
  let others: SmallParts;

  beforeAll(async () => {
    good = await temporaryDirectory();
    pool = new ChunkPool();
    parts = await writeSmallParts(await made("parts"), pool, { size: SIZE });
    await writeSmallParts(await made("thirds"), pool, { size: SIZE, count: 3 });
    others = await writeSmallParts(await made("others"), pool, { size: SIZE, seed: 9 });
    whole = join(good.path, "whole.tar.gz");
    await rename(join(good.path, "parts", "whole.tmp"), whole);
  });

  afterAll(async () => {
    await pool[Symbol.asyncDispose]();
    await good[Symbol.asyncDispose]();
  });

  test.each(numbers)(
    "of which part %i is missing gets it back from the bundle in one file",
    async (number) => {
      await using stick = await copyOf(parts);
      await rm(stick.part(number));
      const { read } = await mended(stick.path, whole);
      expect(read).toBeLessThanOrEqual(2 * SIZE);
      expect(await isWhole(stick.path)).toBe(true);
    },
  );

  test.each([1, 4, 7])(
    "of which part %i is missing gets it back without its list of parts",
    async (number) => {
      await using stick = await copyOf(parts, { listed: false });
      await rm(stick.part(number));
      await mended(stick.path, whole);
      expect(await isWhole(stick.path)).toBe(true);
    },
  );

  test("of which only the first is left gets all others back from other parts", async () => {
    await using stick = await copyOf(parts, { listed: false });
    for (const number of numbers.slice(1)) await rm(stick.part(number));
    await mended(stick.path, join(good.path, "thirds"));
    expect(await isWhole(stick.path)).toBe(true);
  });

  test.each<{ what: string; harm: (part: string) => Promise<unknown> }>([
    { what: "cut", harm: (part) => truncate(part, 5000) },
    { what: "emptied", harm: (part) => truncate(part, 0) },
    { what: "lengthened", harm: (part) => appendFile(part, "xyz") },
    { what: "changed", harm: (part) => flipBit(part) },
    {
      what: "renamed and changed",
      harm: (part) => flipBit(part).then(() => rename(part, `${part}~`)),
    },
  ])("of which parts are $what is mended from other parts", async ({ harm }) => {
    await using stick = await copyOf(parts);
    for (const number of [3, 7]) await harm(stick.part(number));
    await mended(stick.path, join(good.path, "thirds"));
    const report = await verifyBundle({ bundle: stick.path });
    expect(report).toMatchObject({ isAcceptable: true });
    expect((await readdir(stick.path)).filter((name) => /partial|repair|lock/.test(name))).toEqual(
      [],
    );
  });

  test("is mended from another set of which other parts are missing, chunks that lie in both sets by halves too", async () => {
    await using stick = await copyOf(parts);
    await using other = await copyOf(parts);
    for (const number of [1, 3, 5]) await rm(stick.part(number));
    for (const number of [2, 4, 6, 7]) await rm(other.part(number));
    await mended(stick.path, other.path);
    expect(await isWhole(stick.path)).toBe(true);
  });

  test("is mended from several sticks that have some parts each", async () => {
    await using stick = await copyOf(parts);
    await using first = await copyOf(parts, { listed: false });
    await using second = await copyOf(parts);
    for (const number of [2, 3, 6]) await flipBit(stick.part(number));
    for (const number of [1, 4, 5, 6, 7]) await rm(first.part(number));
    for (const number of [1, 2, 3, 4, 5]) await rm(second.part(number));
    await mended(stick.path, first.path, second.path);
    expect(await isWhole(stick.path)).toBe(true);
  });

  test("mends a bundle in one file, and is written as one file", async () => {
    await using place = await temporaryDirectory();
    await using stick = await copyOf(parts);
    await rm(stick.part(2));
    const bundle = join(place.path, "b.tar.gz");
    await copyFile(whole, bundle);
    await truncate(bundle, 90_000);
    // What the parts lack is in what is left of the file.
    await using file = await open(stick.part(1), "r+");
    await file.write("damage", 500);
    const missing = await repairOf(bundle, stick.path);
    expect(missing.unmended).not.toEqual([]);
    await copyFile(parts.files[1] ?? "", stick.part(2));
    expect((await repairOf(bundle, stick.path)).unmended).toEqual([]);
    expect((await readFile(bundle)).equals(await readFile(whole))).toBe(true);

    await rm(stick.part(5));
    const output = join(place.path, "anew.tar.gz");
    const places = { damaged: await findBundle(stick.path), others: [await findBundle(whole)] };
    expect(await repair({ ...places, output }, { pool })).toMatchObject({ unmended: [] });
    expect((await readFile(output)).equals(await readFile(whole))).toBe(true);
  });

  test("of which the same is damaged in all copies: the fewest parts that have to come again are told, and nothing is written", async () => {
    await using stick = await copyOf(parts);
    await using other = await copyOf(parts);
    for (const number of [2, 4]) await rm(stick.part(number));
    await flipBit(stick.part(6));
    await rm(other.part(4));
    const before = await readdir(stick.path);
    const report = await repairOf(stick.path, other.path);
    expect(report).toMatchObject({ partsToBring: ["small.tar.gz.004"], written: 0 });
    expect(report.unmended).toMatchObject([{ what: expect.stringContaining("models/blobs/") }]);
    expect(await readdir(stick.path)).toEqual(before);
    expect(await readFile(stick.part(6))).not.toEqual(await readFile(parts.files[5] ?? ""));
  });

  test("of which one is a part of another bundle is not written over it", async () => {
    await using stick = await copyOf(parts);
    await copyFile(others.files[2] ?? "", stick.part(3));
    await expect(repairOf(stick.path, whole)).rejects.toMatchObject({
      code: "UNSUITABLE",
      message: expect.stringContaining(`"${stick.part(3)}" is not a part of bundle small`),
      hint: expect.stringContaining("Move it away"),
    });
    expect(await readFile(stick.part(3))).toEqual(await readFile(others.files[2] ?? ""));
    await rm(stick.part(3));
    await mended(stick.path, whole);
    expect(await isWhole(stick.path)).toBe(true);
  });

  test("is not mended from parts of another bundle", async () => {
    await using stick = await copyOf(parts);
    await flipBit(stick.part(3));
    await expect(repairOf(stick.path, join(good.path, "others"))).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining(others.id.slice(0, 12)),
    });
  });

  test("of which one has the name of another that is missing: refused, and both stay", async () => {
    await using stick = await copyOf(parts);
    await rm(stick.part(3));
    await rename(stick.part(4), stick.part(3));
    await expect(repairOf(stick.path, whole)).rejects.toMatchObject({ code: "EXISTS" });
    expect(await readFile(stick.part(3))).toEqual(await readFile(parts.files[3] ?? ""));
  });

  test("of which a repair was cut off goes on with the part that it had begun", async () => {
    await using stick = await copyOf(parts);
    const begun = Buffer.from(await readFile(stick.part(7)));
    await rm(stick.part(7));
    const partial = await open(`${stick.part(7)}.partial`, "w");
    await partial.write(begun.subarray(0, begun.length - 30_000));
    await partial.close();
    const { read } = await mended(stick.path, whole);
    expect(read).toBeLessThan(200_000);
    expect(await isWhole(stick.path)).toBe(true);
  });

  test.runIf(canMount)(
    "of which one cannot be read in the middle is written whole elsewhere",
    async () => {
      await using stick = await copyOf(parts);
      await using bad = await badMedium(stick.part(3));
      await rm(stick.part(3));
      const output = join(stick.path, "mended.tar.gz");
      const damaged = await findBundle([stick.path, bad.path]);
      const places = { damaged, others: [await findBundle(whole)], output };
      expect(await repair(places, { pool })).toMatchObject({ unmended: [] });
      expect((await readFile(output)).equals(await readFile(whole))).toBe(true);
    },
  );

  async function made(name: string): Promise<string> {
    const path = join(good.path, name);
    await mkdir(path);
    return path;
  }

  async function copyOf(set: SmallParts, { listed = true } = {}) {
    const stick = await temporaryDirectory();
    const files = [...set.files, ...(listed ? [set.inParts?.sidecar ?? ""] : [])];
    for (const path of files) await copyFile(path, join(stick.path, basename(path)));
    return {
      ...stick,
      part: (number: number): string => join(stick.path, `small.tar.gz.00${number}`),
    };
  }

  async function repairOf(bundle: string, ...from: readonly string[]): Promise<RepairReport> {
    const others = await Promise.all(from.map((each) => findBundle(each)));
    return repair({ damaged: await findBundle(bundle), others }, { pool });
  }

  async function mended(bundle: string, ...from: readonly string[]): Promise<RepairReport> {
    const report = await repairOf(bundle, ...from);
    expect(report.unmended).toEqual([]);
    return report;
  }

  /** Whether every part is there under its name, byte for byte, and nothing else. */
  async function isWhole(directory: string): Promise<boolean> {
    const names = (await readdir(directory)).filter((name) => !name.endsWith(".json"));
    if (names.toSorted().join() !== parts.files.map((path) => basename(path)).join()) return false;
    const same = parts.files.map(async (path) =>
      (await readFile(join(directory, basename(path)))).equals(await readFile(path)),
    );
    return (await Promise.all(same)).every(Boolean);
  }
});

async function flipBit(path: string): Promise<void> {
  await using file = await open(path, "r+");
  const at = (await file.stat()).size >> 1;
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  byte.writeUInt8(byte.readUInt8() ^ 1);
  await file.write(byte, 0, 1, at);
}

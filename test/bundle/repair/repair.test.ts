import {
  type FileHandle,
  appendFile,
  copyFile,
  open,
  readFile,
  readdir,
  stat,
  truncate,
} from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BundleReader } from "../../../src/bundle/bundle-reader.ts";
import type { Segment } from "../../../src/bundle/layout.ts";
import { ChunkPool } from "../../../src/core/chunks/pool.ts";
import { type CopyPlaces, repair } from "../../../src/bundle/repair/repair.ts";
import { manyChunks } from "../../support/many-chunks.ts";
import { seededRandom } from "../../support/model-registry/seeded-random.ts";
import { noise, writeSmallBundle } from "../../support/small-bundle.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { type Damage, write } from "./damage.ts";

const ROUNDS = 100;

describe("a damaged bundle", () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let pool: ChunkPool;
  let original: Buffer;
  let segments: readonly Segment[];
  let here: string;
  let there: string;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    pool = new ChunkPool();
    const contents = await manyChunks(directory.path);
    const { path } = await writeSmallBundle(directory.path, pool, contents);
    await using reader = await BundleReader.open(path);
    ({ segments } = reader.layout);
    original = await readFile(path);
    here = path;
    there = join(directory.path, "there.tar.gz");
    await copyFile(here, there);
  });

  afterAll(async () => {
    await pool[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  test(`is made whole from another that is damaged elsewhere, of which no more is read than what is damaged here and 1 % (${ROUNDS} rounds)`, async () => {
    const random = seededRandom(5);
    const below = (most: number): number => Math.floor(random() * most);
    await using own = await open(here, "r+");
    await using other = await open(there, "r+");
    for (let round = 0; round < ROUNDS; round += 1) {
      const damages = Array.from({ length: 1 + below(6) }, () => someDamage(below));
      const hit = segmentsHit(damages);
      const others = Array.from({ length: 1 + below(6) }, () => someDamage(below)).filter(
        (damage) => !segmentsHit([damage]).some((segment) => hit.includes(segment)),
      );
      await write(own, damages);
      await write(other, others);
      const report = await repair(places(), { pool });
      expect(report.unmended, `round ${round}`).toEqual([]);
      expect((await readFile(here)).equals(original), `round ${round}`).toBe(true);
      const needed = hit.filter(({ kind }) => kind === "chunk");
      const most = bytesOf(needed) + original.length / 100;
      expect(report.read, `round ${round}`).toBeLessThanOrEqual(most);
      await restore(other, others);
    }
    expect((await readFile(there)).equals(original)).toBe(true);
  });

  test("of which a chunk is damaged in both is told so by that chunk, and nothing is written", async () => {
    const [first, second, third] = chunksOf("models/blobs/").slice(2);
    await using own = await open(here, "r+");
    await using other = await open(there, "r+");
    const damages = [first, second, third].map((segment) => flip(segment, 5));
    const others = [flip(second, 9)];
    await write(own, damages);
    await write(other, others);
    const before = await readFile(here);
    const names = await readdir(directory.path);
    const report = await repair(places(), { pool });
    const { offset = 0, length = 0 } = second ?? {};
    expect(report).toMatchObject({
      mended: [],
      unmended: [
        { start: offset, end: offset + length, what: expect.stringContaining("models/blobs/") },
      ],
      written: 0,
    });
    expect((await readFile(here)).equals(before)).toBe(true);
    expect(await readdir(directory.path)).toEqual(names);
    await restore(own, damages);
    await restore(other, others);
  });

  test.each([["footer"], ["table of contents"], ["SHA256SUMS"], ['header of "MODELS.json"']])(
    "in its %s is made whole without any other copy",
    async (what) => {
      await using own = await open(here, "r+");
      for (const at of [0.2, 0.99]) {
        await write(own, [flipIn(what, at)]);
        expect(await repair({ ...places(), others: [] }, { pool })).toMatchObject({ unmended: [] });
        expect((await readFile(here)).equals(original)).toBe(true);
      }
    },
  );

  test.each([[["MODELS.json"]], [["MODELS.json", "SHA256SUMS", "table of contents", "footer"]]])(
    "in %s is made whole from another copy, and not without",
    async (harms) => {
      await using own = await open(here, "r+");
      for (const at of [0.2, 0.99]) {
        await write(
          own,
          harms.map((what) => flipIn(what, at)),
        );
        const alone = repair({ ...places(), others: [] }, { pool });
        await expect(alone).rejects.toMatchObject({ code: "DAMAGED" });
        expect(await repair(places(), { pool })).toMatchObject({ unmended: [] });
        expect((await readFile(here)).equals(original)).toBe(true);
      }
    },
  );

  test("is not taken for the bundle that a damaged MODELS.json in it tells of", async () => {
    // A digit of a number stays one: it can be read, and without the footer it is found without its digest.
    const at = original.lastIndexOf('"mtime":3') + 8;
    const damages = [{ start: at, bytes: Buffer.from("2") }, flipIn("footer", 0.9)];
    expect(segmentsHit(damages)).toEqual([chunksOf("MODELS.json")[0], segments.at(-1)]);
    await using own = await open(here, "r+");
    await write(own, damages);
    const before = await readFile(here);
    await expect(repair({ ...places(), others: [] }, { pool })).rejects.toMatchObject({
      code: "DAMAGED",
      message: expect.stringContaining("no copy has MODELS.json"),
    });
    expect((await readFile(here)).equals(before)).toBe(true);
    expect(await repair(places(), { pool })).toMatchObject({ unmended: [] });
    expect((await readFile(here)).equals(original)).toBe(true);
  });

  test.each([0.02, 0.5, 0.93, 0.9999])(
    "that is cut short after %d of it is made whole",
    async (share) => {
      await truncate(here, Math.floor(original.length * share));
      const report = await repair(places(), { pool });
      expect(report.unmended).toEqual([]);
      expect(report.read).toBeLessThan(original.length * (1.02 - share) + 9_000_000 * (1 - share));
      expect((await readFile(here)).equals(original)).toBe(true);
    },
  );

  test("that is cut short stays as it is where not all can be brought back", async () => {
    const [chunk] = chunksOf("models/blobs/").slice(-1);
    await using other = await open(there, "r+");
    await write(other, [flip(chunk, 7)]);
    const kept = original.length >> 1;
    await truncate(here, kept);
    expect((await repair(places(), { pool })).unmended).toHaveLength(1);
    expect((await readFile(here)).equals(original.subarray(0, kept))).toBe(true);
    await restore(other, [flip(chunk, 7)]);
    await repair(places(), { pool });
    expect((await readFile(here)).equals(original)).toBe(true);
  });

  test("that is too long is cut, and a copy that is too long or too short serves", async () => {
    await appendFile(here, noise(70_000, 8));
    await appendFile(there, "x");
    await using own = await open(here, "r+");
    await write(own, [flip(segments[1], 3)]);
    expect(await repair(places(), { pool })).toMatchObject({
      mended: [expect.anything(), { how: "surplus", start: original.length }],
    });
    expect((await readFile(here)).equals(original)).toBe(true);
    await write(own, [flip(segments[1], 3)]);
    await truncate(there, original.length >> 1);
    await repair(places(), { pool });
    expect((await readFile(here)).equals(original)).toBe(true);
    await copyFile(here, there);
  });

  test("is told to be whole where it is", async () => {
    const report = await repair(places(), { pool });
    expect(report).toMatchObject({ mended: [], unmended: [], written: 0 });
    expect(report.read).toBeLessThan(original.length / 100);
  });

  test("is not mended from another bundle, nor is another bundle made into it", async () => {
    await using place = await temporaryDirectory();
    const contents = await manyChunks(place.path, { seed: 99 });
    const { path: foreign, id } = await writeSmallBundle(place.path, pool, contents);
    await using own = await open(here, "r+");
    await write(own, [flip(segments[1], 3)]);
    const before = await readFile(here);
    await expect(repair(places({ there: foreign }), { pool })).rejects.toMatchObject({
      code: "USAGE",
      exitCode: 2,
      message: expect.stringContaining(id.slice(0, 12)),
    });
    const both = { ...places(), others: [file(there), file(foreign)] };
    await expect(repair(both, { pool })).rejects.toMatchObject({ code: "USAGE" });
    expect((await readFile(here)).equals(before)).toBe(true);

    await truncate(foreign, (await stat(foreign)).size >> 1);
    const cut = await readFile(foreign);
    await expect(repair(places({ here: foreign }), { pool })).rejects.toMatchObject({
      code: "UNSUITABLE",
      exitCode: 4,
      message: expect.stringContaining("most of it is not of bundle small"),
    });
    expect((await readFile(foreign)).equals(cut)).toBe(true);
    await restore(own, [flip(segments[1], 3)]);
  });

  function file(path: string) {
    return { kind: "file", path } as const;
  }

  function places({ here: own = here, there: other = there } = {}): CopyPlaces {
    return { damaged: file(own), others: [file(other)] };
  }

  function chunksOf(path: string): Segment[] {
    return segments.filter(
      (segment) => segment.kind === "chunk" && segment.file.path.startsWith(path),
    );
  }

  /** In the structure or file that is called so, after a share of it. */
  function flipIn(what: string, share: number): Damage {
    const segment = segments.find(
      (each) => (each.kind === "literal" ? each.what : each.file.path) === what,
    );
    return flip(segment, Math.floor((segment?.length ?? 0) * share));
  }

  function flip(segment: Segment | undefined, at: number): Damage {
    const start = (segment?.offset ?? 0) + at;
    return { start, bytes: Buffer.from([(original[start] ?? 0) ^ 1]) };
  }

  function someDamage(below: (most: number) => number): Damage {
    const kind = below(5);
    const size = [1, 4096, 100_000, 1, 300][kind] ?? 1;
    // As often in what stands between contents, and in the end, as in content.
    const literals = segments.filter((segment) => segment.kind === "literal");
    const start =
      [
        below(original.length),
        below(original.length),
        below(original.length),
        literals[below(literals.length)]?.offset ?? 0,
        original.length - 60_000 + below(59_000),
      ][kind] ?? 0;
    const bytes = Buffer.from(original.subarray(start, start + size));
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = (bytes[at] ?? 0) ^ (1 + below(255));
    return { start, bytes };
  }

  function segmentsHit(damages: readonly Damage[]): Segment[] {
    return segments.filter(({ offset, length }) =>
      damages.some(({ start, bytes }) => start < offset + length && start + bytes.length > offset),
    );
  }

  async function restore(file: FileHandle, damages: readonly Damage[]): Promise<void> {
    for (const { start, bytes } of damages) await file.write(original, start, bytes.length, start);
  }
});

function bytesOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { length }) => sum + length, 0);
}

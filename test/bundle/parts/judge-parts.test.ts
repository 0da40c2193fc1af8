import { appendFile, copyFile, mkdir, open, rename, rm, truncate } from "node:fs/promises";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JudgedPart, Verdict } from "../../../src/bundle/parts/judged-part.ts";
import { canMount } from "../../staging/small-file-system.ts";
import { badMedium } from "../../support/bad-medium.ts";
import { ChunkPool } from "../../../src/core/chunks/pool.ts";
import { type VerifyReport, verifyBundle } from "../../../src/verify-bundle.ts";
import { type SmallParts, writeSmallParts } from "../../support/small-parts.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const COUNT = 7;
const numbers = Array.from({ length: COUNT }, (_, index) => index + 1);

/** What happens to one part of a stick, and what verify has to say of it. */
interface Harm {
  readonly what: string;
  readonly verdict: Verdict;
  /** Whether it shows without the list of parts too. */
  readonly showsAlone: boolean;
  readonly harm: (part: string, same: string) => Promise<unknown>;
}

const harms: readonly Harm[] = [
  { what: "deleted", verdict: "missing", showsAlone: true, harm: (part) => rm(part) },
  {
    what: "cut by 1 byte",
    verdict: "too short",
    showsAlone: true,
    harm: (part) => resize(part, -1),
  },
  { what: "emptied", verdict: "too short", showsAlone: true, harm: (part) => truncate(part, 0) },
  {
    what: "lengthened by 1 byte",
    verdict: "too long",
    showsAlone: true,
    harm: (part) => appendFile(part, "x"),
  },
  {
    what: "with one bit flipped",
    verdict: "damaged",
    showsAlone: false,
    harm: (part) => flipBit(part, 0.6),
  },
  {
    what: "with its first bit flipped",
    verdict: "damaged",
    showsAlone: false,
    harm: (part) => flipBit(part, 0),
  },
  {
    what: "with its last bit flipped",
    verdict: "damaged",
    showsAlone: false,
    harm: (part) => flipBit(part, 1),
  },
  {
    what: "of another bundle",
    verdict: "other",
    showsAlone: false,
    harm: (part, same) => copyFile(same, part),
  },
];

describe("verify of a bundle in 7 parts, one of which is", () => {
  let good: Awaited<ReturnType<typeof temporaryDirectory>>;
  let parts: SmallParts;
  let others: SmallParts;

  beforeAll(async () => {
    good = await temporaryDirectory();
    await using pool = new ChunkPool();
    parts = await writeSmallParts(good.path, pool);
    others = await writeSmallParts(await made(join(good.path, "other")), pool, { seed: 9 });
  });

  afterAll(() => good[Symbol.asyncDispose]());

  describe.each(harms)("$what", ({ verdict, harm }) => {
    test.each(numbers)("names part %i, what is wrong with it, and no other", async (number) => {
      await using stick = await copyOfParts();
      await harm(stick.part(number), others.files[number - 1] ?? "");
      const report = await verifyBundle({ bundle: stick.path });
      expect(verdicts(report)).toEqual(fineBut({ [number]: verdict }));
      expect(report.isAcceptable).toBe(false);
      for (const { findings } of report.parts ?? []) expectInside(findings);
    });
  });

  describe.each(harms.filter(({ showsAlone }) => showsAlone))("$what", ({ verdict, harm }) => {
    test.each(numbers.slice(1, -1))(
      "names part %i also without the list of parts",
      async (number) => {
        await using stick = await copyOfParts({ listed: false });
        await harm(stick.part(number), others.files[number - 1] ?? "");
        const report = await verifyBundle({ bundle: stick.path });
        const { [number]: own, ...rest } = verdicts(report);
        expect(own).toBe(verdict);
        // The largest chunk lies in all parts but the last, and there is no other sum of what each has of it.
        expect(Object.values(rest).filter((each) => !["fine", "unknown"].includes(each))).toEqual(
          [],
        );
        expect(report.isAcceptable).toBe(false);
      },
    );
  });

  test.each(numbers)("renamed: part %i is known by its content, and named", async (number) => {
    await using stick = await copyOfParts();
    await rename(stick.part(number), join(stick.path, `SMALLT~${number}`));
    const report = await verifyBundle({ bundle: stick.path });
    expect(report).toMatchObject({ isAcceptable: true, findings: [] });
    expect(renamed(report)).toEqual({ [number]: `SMALLT~${number}` });
  });

  test.each(numbers.slice(1))("swapped with part %i: both are known and named", async (number) => {
    await using stick = await copyOfParts();
    await rename(stick.part(number), join(stick.path, "x"));
    await rename(stick.part(number - 1), stick.part(number));
    await rename(join(stick.path, "x"), stick.part(number - 1));
    const report = await verifyBundle({ bundle: stick.path });
    // Parts of one size are told apart by what is in them.
    expect(report.isAcceptable).toBe(true);
    expect(renamed(report)).toEqual({
      [number]: basename(stick.part(number - 1)),
      [number - 1]: basename(stick.part(number)),
    });
  });

  test("one that a flipped bit damages: in which file of the bundle, and where in the part", async () => {
    await using stick = await copyOfParts();
    await flipBit(stick.part(4), 0.5);
    const report = await verifyBundle({ bundle: stick.path });
    const { findings = [], path } = report.parts?.[3] ?? {};
    expect(path).toBe(stick.part(4));
    expect(findings).toMatchObject([
      { how: "differs", what: expect.stringContaining("models/blobs/") },
    ]);
  });

  test.runIf(canMount).each(numbers)(
    "not readable in the middle: part %i is named, with the bytes, and judging goes on",
    async (number) => {
      await using stick = await copyOfParts();
      await using bad = await badMedium(stick.part(number));
      await rm(stick.part(number));
      const report = await verifyBundle({ bundle: [stick.path, bad.path] });
      expect(verdicts(report)).toEqual(fineBut({ [number]: "unreadable" }));
      expect(report.parts?.[number - 1]?.findings).not.toEqual([]);
    },
  );

  test("the first, missing, without the list: it is named", async () => {
    await using stick = await copyOfParts({ listed: false });
    await rm(stick.part(1));
    const report = await verifyBundle({ bundle: stick.path });
    expect(report.isAcceptable).toBe(false);
    expect(verdicts(report)).toMatchObject({ 1: "missing" });
  });

  test.each([
    ["deleted", "missing", (part: string) => rm(part)],
    ["emptied", "too short", (part: string) => truncate(part, 0)],
  ] as const)(
    "the last, %s, without the list: it is named, and of the others none is blamed",
    async (_, verdict, harm) => {
      await using stick = await copyOfParts({ listed: false });
      await harm(stick.part(COUNT));
      const report = await verifyBundle({ bundle: stick.path });
      const unknown = Object.fromEntries(numbers.map((number) => [number, "unknown"]));
      expect(verdicts(report)).toEqual({ ...unknown, [COUNT]: verdict });
      expect(report.mayBeMore).toBe(verdict === "missing");
    },
  );

  test("the last, alone without the list: it is not taken for another bundle's", async () => {
    await using stick = await copyOfParts({ listed: false });
    for (const number of numbers) if (number !== COUNT) await rm(stick.part(number));
    const report = await verifyBundle({ bundle: stick.path });
    const missing = Object.fromEntries(numbers.map((number) => [number, "missing"]));
    expect(["fine", "unknown"]).toContain(report.parts?.at(-1)?.verdict);
    expect({ ...verdicts(report), [COUNT]: "missing" }).toEqual(missing);
  });

  test("here only in part: those at hand are checked against the list, each stick alone", async () => {
    await using stick = await copyOfParts();
    for (const number of [2, 4, 5, 6, 7]) await rm(stick.part(number));
    const missing = Object.fromEntries([2, 4, 5, 6, 7].map((number) => [number, "missing"]));
    expect(verdicts(await verifyBundle({ bundle: stick.path }))).toEqual(fineBut(missing));
    await flipBit(stick.part(3), 0.5);
    const report = await verifyBundle({ bundle: stick.path });
    expect(verdicts(report)).toEqual(fineBut({ ...missing, 3: "damaged" }));
  });

  test("a lone part in the middle without the list cannot be judged", async () => {
    await using stick = await copyOfParts({ listed: false });
    for (const number of numbers) if (number !== 4) await rm(stick.part(number));
    const report = await verifyBundle({ bundle: stick.part(4) });
    expect(report.isAcceptable).toBe(false);
    expect(report.parts?.[3]).toMatchObject({ number: 4, verdict: "unknown" });
    expect(report.parts).toHaveLength(5);
    expect(report.mayBeMore).toBe(true);
  });

  test("fine, as all others are, also without the list", async () => {
    await using stick = await copyOfParts({ listed: false });
    const report = await verifyBundle({ bundle: stick.path });
    expect(verdicts(report)).toEqual(fineBut({}));
    expect(report.isAcceptable).toBe(true);
  });

  async function copyOfParts({ listed = true } = {}) {
    const stick = await temporaryDirectory();
    const files = [...parts.files, ...(listed ? [parts.inParts?.sidecar ?? ""] : [])];
    for (const path of files) await copyFile(path, join(stick.path, basename(path)));
    const part = (number: number): string => join(stick.path, `small.tar.gz.00${number}`);
    return { ...stick, part };
  }
});

function verdicts({ parts = [] }: VerifyReport): Record<number, Verdict> {
  return Object.fromEntries(parts.map(({ number, verdict }) => [number, verdict]));
}

function fineBut(others: Record<number, string>): Record<number, string> {
  return { ...Object.fromEntries(numbers.map((number) => [number, "fine"])), ...others };
}

/** What parts are called whose names are not theirs. */
function renamed({ parts = [] }: VerifyReport): Record<number, string> {
  const other = parts.filter(({ name, path = "" }) => basename(path) !== name);
  return Object.fromEntries(other.map(({ number, path = "" }) => [number, basename(path)]));
}

function expectInside(findings: JudgedPart["findings"]): void {
  for (const { start, end } of findings) {
    expect(start).toBeGreaterThanOrEqual(0);
    expect(end).toBeGreaterThan(start);
  }
}

async function made(directory: string): Promise<string> {
  await mkdir(directory);
  return directory;
}

async function resize(path: string, by: number): Promise<void> {
  await using file = await open(path, "r+");
  await file.truncate((await file.stat()).size + by);
}

async function flipBit(path: string, share: number): Promise<void> {
  await using file = await open(path, "r+");
  const at = Math.floor(((await file.stat()).size - 1) * share);
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  byte.writeUInt8(byte.readUInt8() ^ 1);
  await file.write(byte, 0, 1, at);
}

import { copyFile, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findBundle } from "../../../src/bundle/find-bundle.ts";
import { repair } from "../../../src/bundle/repair/repair.ts";
import { copyBundle } from "../../../src/copy-bundle.ts";
import { ChunkPool } from "../../../src/core/chunks/pool.ts";
import { verifyBundle } from "../../../src/verify-bundle.ts";
import { seededRandom } from "../../support/model-registry/seeded-random.ts";
import { type SmallParts, writeSmallParts } from "../../support/small-parts.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const LIST = "small.tar.gz.parts.json";
const SUMS = "small.tar.gz.sha256";

describe("parts beside", () => {
  let made: Awaited<ReturnType<typeof temporaryDirectory>>;
  let pool: ChunkPool;
  let parts: SmallParts;
  let others: SmallParts;
  let list: Buffer;

  beforeAll(async () => {
    made = await temporaryDirectory();
    pool = new ChunkPool();
    parts = await writeSmallParts(made.path, pool);
    const other = join(made.path, "other");
    await mkdir(other);
    others = await writeSmallParts(other, pool, { seed: 9 });
    list = await readFile(join(made.path, LIST));
  });

  afterAll(async () => {
    await pool[Symbol.asyncDispose]();
    await made[Symbol.asyncDispose]();
  });

  const flaws: Record<string, readonly [why: RegExp, (path: string) => Promise<unknown>]> = {
    "a list that is empty": [/no whole JSON/, (path) => writeFile(path, "")],
    "a list that was cut": [/no whole JSON/, (path) => writeFile(path, list.subarray(0, 900))],
    "a list of zeros": [/no whole JSON/, (path) => writeFile(path, Buffer.alloc(2000))],
    "a list whose sizes do not add up": [/add up/, edited(({ bytes }) => ({ bytes: bytes + 1 }))],
    "a list of a later version": [/schemaVersion/, edited(() => ({ schemaVersion: 2 }))],
    "the list of another bundle": [
      /of another bundle than the parts/,
      (path) => copyFile(others.inParts?.sidecar ?? "", path),
    ],
    "a list that says another bundle": [
      /of another bundle than the parts/,
      edited(() => ({ bundle: "0".repeat(64) })),
    ],
    "a directory of the list's name": [/it is a directory/, (path) => mkdir(path)],
  };

  describe.each(Object.entries(flaws))("%s", (_, [why, make]) => {
    test("are judged without it, and it is named", async () => {
      await using stick = await stickWith([]);
      await make(join(stick.path, LIST));
      const report = await verifyBundle({ bundle: stick.path });
      expect(report).toMatchObject({ isAcceptable: true, findings: [] });
      const path = join(stick.path, LIST);
      expect(report.sidecarFlaws).toEqual([{ path, why: expect.stringMatching(why) }]);
    });
  });

  test("a list in which any one bit is flipped are whole all the same", async () => {
    const random = seededRandom(12);
    await using stick = await stickWith([]);
    for (let round = 0; round < 40; round += 1) {
      const bytes = Buffer.from(list);
      const at = Math.floor(random() * bytes.length);
      bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << Math.floor(random() * 8)), at);
      await writeFile(join(stick.path, LIST), bytes);
      const report = await verifyBundle({ bundle: stick.path });
      expect({ at, isAcceptable: report.isAcceptable }).toEqual({ at, isAcceptable: true });
    }
  });

  test("a damaged list are mended and copied without it, with a word", async () => {
    await using stick = await stickWith([SUMS]);
    await using target = await temporaryDirectory();
    await writeFile(join(stick.path, LIST), "{");
    await rm(join(stick.path, "small.tar.gz.003"));
    const warnings: string[] = [];
    const work = {
      pool,
      onProgress: (event: { kind: string; text?: string }) => {
        if (event.kind === "warning") warnings.push(event.text ?? "");
      },
    };
    const others = [await findBundle(made.path + "/small.tar.gz")];
    const { unmended } = await repair({ damaged: await findBundle(stick.path), others }, work);
    expect(unmended).toEqual([]);
    const [medium] = (
      await copyBundle({ ...work, bundle: stick.path, to: [target.path], env: { HOME: made.path } })
    ).media;
    expect(medium?.copied).toEqual([...parts.files.map((path) => basename(path)), SUMS]);
    const said = `"${join(stick.path, LIST)}" is left aside: it is no whole JSON`;
    expect(warnings.filter((text) => text.startsWith(said))).toHaveLength(2);
  });

  describe("the sums alone", () => {
    test.each([1, 2, 4, 7])("are known to be fine or not: only part %i is", async (number) => {
      await using stick = await stickWith([SUMS]);
      const path = stick.part(number);
      const bytes = await readFile(path);
      bytes.writeUInt8(bytes.readUInt8(3000) ^ 1, 3000);
      await writeFile(path, bytes);
      const report = await verifyBundle({ bundle: stick.path });
      expect(report.parts?.filter(({ verdict }) => verdict !== "fine")).toMatchObject([
        { number, verdict: "damaged" },
      ]);
    });

    test("are judged each where the last is not here, which is named", async () => {
      await using stick = await stickWith([SUMS]);
      await rm(stick.part(7));
      await writeFile(stick.part(2), Buffer.alloc((await readFile(stick.part(2))).length));
      const { parts: judged, mayBeMore } = await verifyBundle({ bundle: stick.path });
      const verdicts = judged?.map(({ verdict }) => verdict);
      expect(verdicts).toEqual(["fine", "damaged", "fine", "fine", "fine", "fine", "missing"]);
      expect(mayBeMore).toBe(false);
    });
  });

  test("a second copy of one that is damaged: the copy that is fine is named", async () => {
    await using stick = await stickWith([LIST]);
    await using second = await temporaryDirectory();
    const spare = join(second.path, basename(stick.part(5)));
    await copyFile(stick.part(5), spare);
    const bytes = await readFile(stick.part(5));
    bytes.writeUInt8(bytes.readUInt8(5) ^ 1, 5);
    await writeFile(stick.part(5), bytes);
    const { parts: judged, isAcceptable } = await verifyBundle({
      bundle: [stick.path, second.path],
    });
    expect(isAcceptable).toBe(false);
    expect(judged?.[4]).toMatchObject({ verdict: "damaged", betterCopy: spare });
    await rename(stick.part(5), join(made.path, "away"));
    expect(await verifyBundle({ bundle: [stick.path, second.path] })).toMatchObject({
      isAcceptable: true,
    });
  });

  function edited(change: (list: { bytes: number }) => object) {
    return async (path: string): Promise<void> => {
      const json = JSON.parse(list.toString("utf8")) as { bytes: number };
      await writeFile(path, JSON.stringify({ ...json, ...change(json) }));
    };
  }

  async function stickWith(sidecars: readonly string[]) {
    const stick = await temporaryDirectory();
    for (const path of parts.files) await copyFile(path, join(stick.path, basename(path)));
    for (const name of sidecars) await copyFile(join(made.path, name), join(stick.path, name));
    const part = (number: number): string => join(stick.path, `small.tar.gz.00${number}`);
    return { ...stick, part };
  }
});

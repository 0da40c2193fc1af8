import { appendFile, copyFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHUNK_SIZE } from "../../../src/core/chunks/chunk.ts";
import { ChunkPool } from "../../../src/core/chunks/pool.ts";
import { verifyBundle } from "../../../src/verify-bundle.ts";
import { noise } from "../../support/small-bundle.ts";
import { type SmallParts, writeSmallParts } from "../../support/small-parts.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

describe("parts without their list", () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let parts: SmallParts;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    await using pool = new ChunkPool();
    // Every part has the end of a chunk.
    parts = await writeSmallParts(directory.path, pool, { count: 4, size: 5 * CHUNK_SIZE });
  });

  afterAll(() => directory[Symbol.asyncDispose]());

  test("are known by their content where their names were changed on the way", async () => {
    await using stick = await copyOfParts();
    await rename(stick.part(2), join(stick.path, "SMALLT~1.002"));
    await rename(stick.part(4), join(stick.path, "the end"));
    await writeFile(join(stick.path, "readme.txt"), noise(10_000));
    const report = await verifyBundle({ bundle: stick.path });
    expect(report.isAcceptable).toBe(true);
    expect(report.parts?.map(({ path = "" }) => basename(path))).toEqual([
      "small.tar.gz.001",
      "SMALLT~1.002",
      "small.tar.gz.003",
      "the end",
    ]);
  });

  test("are known although not one of them has its name, in several directories", async () => {
    await using stick = await copyOfParts();
    await using another = await temporaryDirectory();
    await rename(stick.part(1), join(stick.path, "A0000001.BIN"));
    await rename(stick.part(2), join(another.path, "A0000001.BIN"));
    await rename(stick.part(3), join(another.path, "A0000003.BIN"));
    await rename(stick.part(4), join(stick.path, "A0000004.BIN"));
    await writeFile(join(stick.path, "readme.txt"), noise(10_000));
    const report = await verifyBundle({ bundle: [another.path, stick.path] });
    expect(report).toMatchObject({ isAcceptable: true, bundle: { name: "small" } });
    expect(report.parts?.map(({ name, path }) => [name, path])).toEqual([
      ["bundle.tar.gz.001", join(stick.path, "A0000001.BIN")],
      ["bundle.tar.gz.002", join(another.path, "A0000001.BIN")],
      ["bundle.tar.gz.003", join(another.path, "A0000003.BIN")],
      ["bundle.tar.gz.004", join(stick.path, "A0000004.BIN")],
    ]);
  });

  test("are known although they have each other's names, also the last", async () => {
    await using stick = await copyOfParts();
    await swap(stick.part(1), stick.part(3));
    await swap(stick.part(2), stick.part(4));
    expect(await verifyBundle({ bundle: stick.path })).toMatchObject({ isAcceptable: true });
  });

  test("are judged under the names that they have", async () => {
    await using stick = await copyOfParts();
    await swap(stick.part(1), stick.part(2));
    await appendFile(stick.part(3), "x");
    const { parts: judged } = await verifyBundle({ bundle: stick.path });
    expect(judged?.map(({ verdict, path = "" }) => [verdict, basename(path)])).toEqual([
      ["fine", "small.tar.gz.002"],
      ["fine", "small.tar.gz.001"],
      ["too long", "small.tar.gz.003"],
      ["fine", "small.tar.gz.004"],
    ]);
  });

  test("are left to their names where the last one is not here", async () => {
    await using stick = await copyOfParts();
    await rm(stick.part(4));
    const { parts: judged, isAcceptable } = await verifyBundle({ bundle: stick.path });
    expect(isAcceptable).toBe(false);
    expect(judged?.map(({ name, path }) => [name, path && basename(path)])).toEqual([
      ...parts.files.slice(0, 3).map((path) => [basename(path), basename(path)]),
      ["small.tar.gz.004", undefined],
    ]);
  });

  async function copyOfParts() {
    const stick = await temporaryDirectory();
    for (const path of parts.files) await copyFile(path, join(stick.path, basename(path)));
    const part = (number: number): string => join(stick.path, `small.tar.gz.00${number}`);
    return { ...stick, part };
  }
});

async function swap(one: string, other: string): Promise<void> {
  await rename(one, `${one}.spare`);
  await rename(other, one);
  await rename(`${one}.spare`, other);
}

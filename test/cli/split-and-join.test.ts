import { mkdir, readFile, readdir, rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { noise, smallContents, writeSmallBundle } from "../support/small-bundle.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { runBundle } from "./run-bundle.ts";

test("a bundle that is split and joined again is the same, and the original stays", async () => {
  await using place = await smallPlace();
  const { original, stick } = place;
  const split = await runBundle(["split", original, "2MiB"], { cwd: stick });
  expect(split).toMatchObject({ exitCode: 0 });
  const sidecars = ["small.tar.gz.parts.json", "small.tar.gz.sha256"];
  const parts = [1, 2, 3].map((number) => `small.tar.gz.00${number}`);
  expect((await readdir(stick)).toSorted()).toEqual([...parts, ...sidecars]);
  for (const name of [...parts, ...sidecars]) expect(split.stdout).toContain(join(stick, name));
  expect((await stat(join(stick, parts[0] ?? ""))).size).toBe(2 * 1024 ** 2);
  expect(await runBundle(["verify"], { cwd: stick })).toMatchObject({ exitCode: 0 });

  const joined = join(place.path, "joined.tar.gz");
  expect(await runBundle(["join", stick, "-o", joined])).toMatchObject({ exitCode: 0 });
  expect((await readFile(joined)).equals(await readFile(original))).toBe(true);
  expect(await readFile(`${joined}.sha256`, "utf8")).toMatch(/^[0-9a-f]{64} {2}joined\.tar\.gz\n$/);
});

test("neither takes the name of what is there", async () => {
  await using place = await smallPlace();
  const { original } = place;
  const { exitCode, stderr } = await runBundle(["split", original, "2MiB", "-o", original]);
  expect(exitCode).toBe(7);
  expect(stderr).toMatch(/it exists\nhint: Choose another name or directory with --output\.\n$/);
});

test.each([".001", ".999", ".sha256", ".parts.json"])(
  "no bundle takes the name of a part or of what stands beside it: %s is there after all as it was",
  async (suffix) => {
    await using place = await smallPlace();
    const { original, stick } = place;
    await runBundle(["split", original, "2MiB"], { cwd: stick });
    const output = join(stick, `small.tar.gz${suffix}`);
    const before = await readFile(output).catch(() => undefined);
    for (const args of [
      ["join", stick],
      ["repair", stick, "--from", original],
    ]) {
      const { exitCode, stderr } = await runBundle([...args, "-o", output]);
      expect(stderr).toContain(`error: Cannot write the bundle "${output}": a name that ends in "`);
      expect(exitCode).toBe(2);
    }
    expect(await readFile(output).catch(() => undefined)).toEqual(before);
  },
);

test("a set that lacks a part is not joined, and the part is named", async () => {
  await using place = await smallPlace();
  const { original, stick } = place;
  await runBundle(["split", original, "2MiB"], { cwd: stick });
  await rm(join(stick, "small.tar.gz.001"));
  const { exitCode, stderr } = await runBundle(["join", stick], { cwd: place.path });
  expect(exitCode).toBe(4);
  expect(stderr).toMatch(/of 3 parts part 1 is missing\n/);
});

test("a damaged bundle is not split, and nothing is left of the parts", async () => {
  await using place = await smallPlace();
  const { original, stick } = place;
  await truncate(original, (await stat(original)).size - 60_000);
  expect(await runBundle(["split", original, "2MiB"], { cwd: stick })).toMatchObject({
    exitCode: 4,
  });
  expect(await readdir(stick)).toEqual([]);
});

test.each([
  ["0", "at least 1 MiB"],
  ["1MB", "at least 1 MiB"],
  ["4XB", "expected a size such as"],
])("a size of %s is refused", async (size, says) => {
  await using place = await smallPlace();
  const split = await runBundle(["split", place.original, size], { cwd: place.stick });
  expect(split).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(says) });
  const create = [
    "create",
    "--models",
    "none",
    "--split",
    size,
    "-o",
    join(place.stick, "x.tar.gz"),
  ];
  const created = await runBundle(create);
  expect(created).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(says) });
  expect(await readdir(place.stick)).toEqual([]);
});

async function smallPlace() {
  const directory = await temporaryDirectory();
  await using pool = new ChunkPool();
  const content = join(directory.path, "content");
  const stick = join(directory.path, "stick");
  await mkdir(content);
  await mkdir(stick);
  const contents = await smallContents(content, noise(5_000_000));
  const { path } = await writeSmallBundle(content, pool, contents);
  return { ...directory, original: path, stick };
}

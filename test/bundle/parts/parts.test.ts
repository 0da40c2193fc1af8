import { execFile } from "node:child_process";
import { copyFile, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BundleOutput } from "../../../src/bundle/output/bundle-output.ts";
import { BundleReader } from "../../../src/bundle/bundle-reader.ts";
import { findBundle } from "../../../src/bundle/find-bundle.ts";
import { assertComplete } from "../../../src/bundle/parts/part-set.ts";
import { writeBundle } from "../../../src/bundle/write-bundle.ts";
import { CHUNK_SIZE } from "../../../src/core/chunks/chunk.ts";
import { ChunkPool } from "../../../src/core/chunks/pool.ts";
import { rewriteBundle } from "../../../src/rewrite-bundle.ts";
import { noise, smallContents } from "../../support/small-bundle.ts";
import { type SmallParts, writeSmallParts } from "../../support/small-parts.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const run = promisify(execFile);

describe("a bundle that is written in parts", () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let pool: ChunkPool;
  let parts: SmallParts;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    pool = new ChunkPool();
    // Its chunks go over borders of parts, and the largest over several.
    parts = await writeSmallParts(directory.path, pool, { size: CHUNK_SIZE + 70_001 });
    await mkdir(join(directory.path, "parts"));
    await moveTo(join(directory.path, "parts"));
  });

  afterAll(async () => {
    await pool[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  test("is byte for byte the bundle in one file", async () => {
    expect(parts.files).toHaveLength(7);
    const pieces = await Promise.all(parts.files.map((path) => readFile(path)));
    expect(pieces.slice(0, -1).every((piece) => piece.length === pieces[0]?.length)).toBe(true);
    const whole = await readFile(join(directory.path, "whole.tmp"));
    expect(Buffer.concat(pieces).equals(whole)).toBe(true);
  });

  test("has a sidecar for sha256sum that lists the parts, and one that lists all about them", async () => {
    const at = join(directory.path, "parts");
    const { stdout } = await run("sha256sum", ["-c", "small.tar.gz.sha256"], { cwd: at });
    const ok = parts.files.map((path) => `${basename(path)}: OK\n`);
    expect(stdout).toBe(ok.join(""));
    expect(JSON.parse(await readFile(join(at, "small.tar.gz.parts.json"), "utf8"))).toMatchObject({
      name: "small.tar.gz",
      bundle: parts.id,
      bytes: parts.size,
      sha256: parts.sha256,
      parts: ok.map((_, index) => ({ name: `small.tar.gz.00${index + 1}` })),
    });
    const cat = `cat ${at}/small.tar.gz.[0-9][0-9][0-9] | sha256sum`;
    expect((await run("sh", ["-c", cat])).stdout).toContain(parts.sha256);
  });

  test.each([
    ["their common name", ["small.tar.gz"]],
    ["one part", ["small.tar.gz.003"]],
    ["the list of parts", ["small.tar.gz.parts.json"]],
    ["the sums", ["small.tar.gz.sha256"]],
    ["the directory", ["."]],
    ["several parts", ["small.tar.gz.003", "small.tar.gz.001"]],
  ])("is read as one file when it is named by %s", async (_, names) => {
    expect(await read(names.map((name) => join(directory.path, "parts", name)))).toEqual(whole());
  });

  test("is read from several directories", async () => {
    const [first, second] = [join(directory.path, "stick 1"), join(directory.path, "stick 2")];
    await mkdir(first);
    await mkdir(second);
    for (const [index, path] of parts.files.entries())
      await copyFile(path, join(index < 4 ? first : second, basename(path)));
    expect(await read([first, second])).toEqual(whole());
    expect(await read([join(first, "small.tar.gz.001"), second])).toEqual(whole());
    await copyFile(sidecarOf(parts), join(first, "small.tar.gz.parts.json"));
    expect(await read([first, second])).toEqual(whole());
  });

  test("is read although its parts have other names, or each other's", async () => {
    const at = join(directory.path, "renamed");
    await mkdir(at);
    for (const path of parts.files) await copyFile(path, join(at, basename(path)));
    await copyFile(sidecarOf(parts), join(at, "small.tar.gz.parts.json"));
    const part = (number: number): string => join(at, `small.tar.gz.00${number}`);
    await rename(part(2), join(at, "SMALL~1.002"));
    await rename(part(4), join(at, "spare"));
    await rename(part(5), part(4));
    await rename(join(at, "spare"), part(5));
    expect(await read([at])).toEqual(whole());
  });

  test("says which parts are missing before it is installed", async () => {
    const at = join(directory.path, "incomplete");
    await mkdir(at);
    for (const path of parts.files.slice(1, 6)) await copyFile(path, join(at, basename(path)));
    await copyFile(sidecarOf(parts), join(at, "small.tar.gz.parts.json"));
    const place = await findBundle(at);
    if (place.kind !== "parts") throw new Error("it is in parts");
    expect(() => assertComplete(place)).toThrow(/of 7 parts part 1 is missing, part 7 is missing$/);
  });

  test("is not taken for another whose parts are there too", async () => {
    const at = join(directory.path, "two");
    await mkdir(at);
    for (const name of ["a.tar.gz", "b.tar.gz"])
      for (const number of [1, 2]) await writeFile(join(at, `${name}.00${number}`), "part");
    await expect(findBundle(at)).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringMatching(/there are 2: a\.tar\.gz in parts, b\.tar\.gz in parts$/),
    });
    await expect(findBundle(join(at, "b.tar.gz.002"))).resolves.toMatchObject({ kind: "parts" });
  });

  test("is not mixed with another of the same name in another directory", async () => {
    const at = join(directory.path, "other");
    await mkdir(at);
    await writeSmallParts(at, pool, { seed: 2 });
    await rm(join(at, "whole.tmp"));
    await expect(findBundle([at, join(directory.path, "parts")])).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringMatching(/is of bundle [0-9a-f]{12}, .* is of bundle [0-9a-f]{12}$/),
    });
  });

  test.each([
    ["{}", "schemaVersion"],
    ["{", "JSON"],
    ["x".repeat(2_000_000), "too long"],
  ])(
    "refuses a list of parts that nobody wrote, where no parts are: %.10s",
    async (content, says) => {
      await using elsewhere = await temporaryDirectory();
      const path = join(elsewhere.path, "x.tar.gz.parts.json");
      await writeFile(path, content);
      await expect(findBundle(path)).rejects.toMatchObject({
        code: "DAMAGED",
        message: expect.stringContaining(says),
      });
    },
  );

  test("takes the place of the bundle in one file that had the name, and the other way round", async () => {
    await using elsewhere = await temporaryDirectory();
    const contents = await smallContents(elsewhere.path, noise(300_000));
    const place = { path: join(elsewhere.path, "b.tar.gz"), pool, force: true };
    const files = async (): Promise<string[]> =>
      (await readdir(elsewhere.path)).filter((name) => name.startsWith("b.")).toSorted();
    await writeBundle(contents, place, {});
    await writeBundle(contents, { ...place, partSize: 100_000 }, {});
    const six = ["b.tar.gz.001", "b.tar.gz.002", "b.tar.gz.003", "b.tar.gz.004", "b.tar.gz.005"];
    const sidecars = ["b.tar.gz.parts.json", "b.tar.gz.sha256"];
    expect(await files()).toEqual([...six, ...sidecars]);
    await writeBundle(contents, { ...place, partSize: 300_000 }, {});
    expect(await files()).toEqual([...six.slice(0, 2), ...sidecars]);
    await writeBundle(contents, place, {});
    expect(await files()).toEqual(["b.tar.gz", "b.tar.gz.sha256"]);
  });

  test("says that it is complete last: one that cannot be given its names is not there at all", async () => {
    await using elsewhere = await temporaryDirectory();
    const path = join(elsewhere.path, "b.tar.gz");
    {
      await using output = await BundleOutput.create(path, { pool, partSize: 100_000 });
      await output.write(noise(450_000));
      await mkdir(`${path}.003`);
      await expect(output.finish(parts.id)).rejects.toThrow("EISDIR");
      expect(await readdir(elsewhere.path)).not.toContain("b.tar.gz.parts.json");
    }
    expect(await readdir(elsewhere.path)).toEqual(["b.tar.gz.003"]);
  });

  test("is not written where it would take more than 999 parts, and leaves nothing behind", async () => {
    await using elsewhere = await temporaryDirectory();
    const contents = await smallContents(elsewhere.path, noise(300_000));
    const output = join(elsewhere.path, "b.tar.gz");
    const bundle = join(directory.path, "parts");
    await expect(rewriteBundle({ bundle, output, partSize: 400 })).rejects.toThrow("than 999");
    const place = { path: output, pool, partSize: 400 };
    await expect(writeBundle(contents, place, {})).rejects.toMatchObject({ code: "USAGE" });
    expect((await readdir(elsewhere.path)).filter((name) => name.startsWith("b."))).toEqual([]);
  });

  async function read(inputs: readonly string[]): Promise<object> {
    const place = await findBundle(inputs);
    if (place.kind === "parts") assertComplete(place);
    await using reader = await BundleReader.open(place, pool);
    const weights = reader.manifest.files.find(({ size }) => size === CHUNK_SIZE + 70_001);
    const content = await reader.bytes(weights?.path ?? "");
    const isSame = content.equals(noise(CHUNK_SIZE + 70_001));
    return { id: reader.id, findings: await reader.check(), isSame };
  }

  function whole(): object {
    return { id: parts.id, findings: [], isSame: true };
  }

  async function moveTo(at: string): Promise<void> {
    const moved = async (path: string): Promise<string> => {
      await rename(path, join(at, basename(path)));
      return join(at, basename(path));
    };
    const files = await Promise.all(parts.files.map(moved));
    const sidecar = await moved(parts.sidecar);
    const inParts = { parts: parts.inParts?.parts ?? [], sidecar: await moved(sidecarOf(parts)) };
    parts = { ...parts, files, sidecar, inParts };
  }
});

function sidecarOf({ inParts }: SmallParts): string {
  return inParts?.sidecar ?? "";
}

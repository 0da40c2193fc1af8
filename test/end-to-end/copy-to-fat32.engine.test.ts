import { mkdir, open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { encodePartsJson } from "../../src/bundle/parts/parts-json.ts";
import type { WrittenBundle } from "../../src/bundle/write-bundle.ts";
import { sha256Hex } from "../../src/core/digest.ts";
import { rewriteBundle } from "../../src/rewrite-bundle.ts";
import { promised, writeTinyBundle } from "../install/tiny-bundle.ts";
import { fatImage, runOnFatMachine, setUpFatMachine } from "../support/fat-machine.ts";
import { describeOnFat } from "../support/hosts.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const MIB = 1024 ** 2;
const PROGRAM = join(import.meta.dirname, "support/fat32-program.ts");

describeOnFat("copy, under a kernel of its own", () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let bundle: WrittenBundle;
  let part: string;

  beforeAll(async () => {
    await setUpFatMachine();
    directory = await temporaryDirectory();
    bundle = await writeTinyBundle(directory.path, { bigSize: 12 * MIB });
    const output = join(directory.path, "parts", basename(bundle.path));
    await mkdir(dirname(output));
    await rewriteBundle({ bundle: bundle.path, output, partSize: Math.ceil(bundle.size / 5) });
    part = `${output}.001`;
  });

  afterAll(() => directory[Symbol.asyncDispose]());

  test("the stick is taken out and put in again, and the bundle on it is whole and installed", async () => {
    const seen = await onSticks("one stick", [bundle.path], [32]);
    expect(seen).toMatchObject({
      report: { left: [], media: [{ isDirect: true }] },
      names: [[basename(bundle.path), `${basename(bundle.path)}.sha256`]],
      isAcceptable: true,
      tags: promised(bundle),
    });
  });

  test("two that are too small for it: it is laid over both, whole, and installed from both", async () => {
    const seen = await onSticks("two sticks", [part], [10, 10]);
    const sidecars = ["parts.json", "sha256"].map((suffix) => `${basename(bundle.path)}.${suffix}`);
    expect(seen).toMatchObject({
      report: { left: [], media: [{ isDirect: true }, { isDirect: true }] },
      names: [
        expect.arrayContaining([...named(1, 3), ...sidecars]),
        expect.arrayContaining([...named(4, 5), ...sidecars]),
      ],
      isAcceptable: true,
      tags: promised(bundle),
    });
  });

  test("one slot: the sticks are changed on this side and on the other, and all arrives", async () => {
    expect(await onSticks("one slot", [part], [10, 10])).toEqual({
      left: [named(4, 5), []],
      absent: [named(1, 3), []],
      isAcceptable: true,
      tags: promised(bundle),
    });
  });

  test("too small, and a part that is one byte too large for FAT32: refused before the first byte", async () => {
    const seen = await onSticks("refused", [await hugePart(), bundle.path], [10]);
    expect(seen).toMatchObject({
      errors: [
        {
          code: "NO_SPACE",
          message: expect.stringContaining("FAT, holds files of up to 4,294,967,295"),
          hint: expect.stringContaining("--split fat32"),
        },
        { code: "NO_SPACE", message: expect.stringContaining("there is room for") },
      ],
      names: [],
    });
  });

  function named(from: number, to: number): string[] {
    const numbers = Array.from({ length: to - from + 1 }, (_, index) => from + index);
    return numbers.map((number) => `${basename(bundle.path)}.00${number}`);
  }

  async function onSticks(
    scene: string,
    bundles: readonly string[],
    mebibytes: readonly number[],
  ): Promise<unknown> {
    await using sticks = await temporaryDirectory();
    const images: string[] = [];
    for (const [index, size] of mebibytes.entries())
      images.push(
        await fatImage(join(sticks.path, `stick ${index + 1}`.replace(" ", "-")), size * MIB),
      );
    return JSON.parse(await runOnFatMachine([PROGRAM, scene, ...bundles], images)) as unknown;
  }

  /** A part of 4 GiB, which takes no disk. */
  async function hugePart(): Promise<string> {
    const bytes = 2 ** 32;
    const path = join(directory.path, "huge.tar.gz.001");
    await using file = await open(path, "w");
    await file.truncate(bytes);
    const zeros = sha256Hex(Buffer.alloc(4096));
    const listed = { name: basename(path), bytes, sha256: zeros, samples: [zeros.slice(0, 16)] };
    const json = { name: "huge.tar.gz", bundle: zeros, bytes, sha256: zeros, sampleEvery: bytes };
    await using list = await open(join(directory.path, "huge.tar.gz.parts.json"), "w");
    await list.writeFile(encodePartsJson({ schemaVersion: 1, ...json, parts: [listed] }));
    return path;
  }
});

import { writeFileSync } from "node:fs";
import {
  appendFile,
  copyFile,
  mkdir,
  open,
  readFile,
  readdir,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { WrittenBundle } from "../../../src/bundle/write-bundle.ts";
import { CHUNK_SIZE } from "../../../src/core/chunks/chunk.ts";
import { ChunkPool } from "../../../src/core/chunks/pool.ts";
import type { ProgressEvent } from "../../../src/core/progress.ts";
import { type CopyOptions, copyBundle } from "../../../src/copy-bundle.ts";
import { verifyBundle } from "../../../src/verify-bundle.ts";
import { canMount, smallFileSystem } from "../../staging/small-file-system.ts";
import { forgetfulStick } from "../../support/forgetful-stick.ts";
import { noise, smallContents, writeSmallBundle } from "../../support/small-bundle.ts";
import { type SmallParts, writeSmallParts } from "../../support/small-parts.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const MIB = 1024 ** 2;

describe("copy", () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let whole: WrittenBundle;
  let parts: SmallParts;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    await using pool = new ChunkPool();
    const [one, other] = [join(directory.path, "whole"), join(directory.path, "parts")];
    for (const path of [one, other]) await mkdir(path);
    whole = await writeSmallBundle(one, pool, await smallContents(one, noise(2.5 * CHUNK_SIZE)));
    parts = await writeSmallParts(other, pool, { size: 9_000_000 });
  });

  afterAll(() => directory[Symbol.asyncDispose]());

  test("brings a bundle and its sidecar, byte for byte, and reads it back from the disk itself", async () => {
    await using place = await copyPlace();
    const report = await place.copy(whole.path);
    const names = ["small.tar.gz", "small.tar.gz.sha256"];
    expect(report).toMatchObject({ media: [{ copied: names, found: [], isDirect: true }] });
    expect(await place.names()).toEqual(names);
    for (const path of [whole.path, whole.sidecar])
      expect(await sameContent(path, place.stick)).toBe(true);
  });

  test("says that what no sidecar tells of is copied as it is", async () => {
    await using place = await copyPlace();
    await using source = await temporaryDirectory();
    await copyFile(whole.path, join(source.path, "small.tar.gz"));
    await place.copy(source.path);
    expect(place.warnings).toEqual([
      expect.stringMatching(/^Nothing beside "small\.tar\.gz" says what it must be: /),
      expect.stringContaining("see that it is mounted"),
    ]);
  });

  test("names a directory that is not there", async () => {
    await using place = await copyPlace();
    const nowhere = join(place.stick, "nowhere");
    await expect(place.copy(whole.path, nowhere)).rejects.toMatchObject({
      exitCode: 7,
      message: `Cannot copy to "${nowhere}": there is no such directory`,
    });
  });

  test("writes nothing twice: a second time it compares, and says that it is there", async () => {
    await using place = await copyPlace();
    await place.copy(whole.path);
    const before = await stat(join(place.stick, "small.tar.gz"), { bigint: true });
    const names = ["small.tar.gz", "small.tar.gz.sha256"];
    const media = [{ copied: [], found: names, written: 0 }];
    expect(await place.copy(whole.path)).toMatchObject({ media, left: [], absent: [] });
    const { mtimeNs } = await stat(join(place.stick, "small.tar.gz"), { bigint: true });
    expect(mtimeNs).toBe(before.mtimeNs);
  });

  test("takes up what an interrupted copy left, but for what is not right in it", async () => {
    await using place = await copyPlace();
    const partial = join(place.stick, "small.tar.gz.partial");
    await copyFile(whole.path, partial);
    await flipByte(partial, CHUNK_SIZE + 1);
    await truncate(partial, 2 * CHUNK_SIZE + 1);
    const { media } = await place.copy(whole.path);
    const sidecar = (await stat(whole.sidecar)).size;
    expect(media[0]?.written).toBe(whole.size - CHUNK_SIZE + sidecar);
    expect(await place.names()).toEqual(["small.tar.gz", "small.tar.gz.sha256"]);
    expect(await sameContent(whole.path, place.stick)).toBe(true);
  });

  test("does not bring on what is not what its sum says, and leaves nothing of it", async () => {
    await using place = await copyPlace();
    await using source = await copyPlace();
    await source.copy(parts.files[0] ?? "");
    await flipByte(join(source.stick, "small.tar.gz.003"), 1000);
    await expect(place.copy(source.stick)).rejects.toMatchObject({
      code: "DAMAGED",
      message: expect.stringMatching(
        /^Cannot copy part 3 of 7 \("small\.tar\.gz\.003"\): .* is damaged/,
      ),
    });
    expect(await place.names()).toEqual(["small.tar.gz.001", "small.tar.gz.002"]);
  });

  test.each([
    { what: "too short", harm: (path: string) => truncate(path, 1_300_000) },
    { what: "too long", harm: (path: string) => appendFile(path, "x") },
    { what: "of another bundle", harm: (path: string) => writeFile(path, noise(1_300_000, 5)) },
  ])("copies nothing of a set with a part that is $what", async ({ what, harm }) => {
    await using place = await copyPlace();
    await using source = await copyPlace();
    await source.copy(parts.files[0] ?? "");
    await harm(join(source.stick, "small.tar.gz.003"));
    await expect(place.copy(source.stick)).rejects.toMatchObject({
      code: "DAMAGED",
      message: expect.stringContaining(`part 3 of 7 ("small.tar.gz.003") is ${what}`),
    });
    expect(await place.names()).toEqual([]);
  });

  test("leaves alone what has the name and is something else", async () => {
    await using place = await copyPlace();
    await writeFile(join(place.stick, "small.tar.gz.004"), "mine");
    await expect(place.copy(parts.files[0] ?? "")).rejects.toMatchObject({
      code: "EXISTS",
      message: expect.stringContaining('small.tar.gz.004" is there, with other content'),
    });
    expect(await place.names()).toEqual(["small.tar.gz.004"]);
    expect(await readFile(join(place.stick, "small.tar.gz.004"), "utf8")).toBe("mine");
  });

  test("does not take two directories of one file system for two sticks", async () => {
    await using place = await copyPlace();
    await expect(place.copy(whole.path, place.stick, directory.path)).rejects.toMatchObject({
      code: "USAGE",
      hint: expect.stringContaining("mounted"),
    });
  });

  test("asks whether the stick is mounted where there is no directory, or that of the bundle's own disk", async () => {
    await using place = await copyPlace();
    await expect(place.copy(whole.path, join(place.stick, "no"))).rejects.toMatchObject({
      code: "IO",
      hint: "See that the medium is in and mounted there.",
    });
    await place.copy(whole.path);
    expect(place.warnings).toEqual([expect.stringContaining("see that it is mounted")]);
  });

  describe.runIf(canMount)("to sticks", () => {
    test("that are too small for it: refuses before the first byte", async () => {
      await using place = await copyPlace();
      await using stick = await smallFileSystem(10 * MIB);
      await expect(place.copy(whole.path, stick.path)).rejects.toMatchObject({
        code: "NO_SPACE",
        message: expect.stringMatching(
          /^Cannot copy "small\.tar\.gz" .* there is room for [\d,]+$/,
        ),
      });
      expect(await readdir(stick.path)).toEqual([]);
      await using tiny = await smallFileSystem(2 * MIB);
      await expect(place.copy(parts.files[0] ?? "", tiny.path)).rejects.toMatchObject({
        code: "NO_SPACE",
        message: expect.stringContaining("part 1 of 7"),
      });
    });

    test("lays parts over several in order, each with the sidecars, and they are verified together", async () => {
      await using place = await copyPlace();
      await using first = await smallFileSystem(6 * MIB);
      await using second = await smallFileSystem(6 * MIB);
      const report = await place.copy(parts.files[0] ?? "", first.path, second.path);
      expect(report).toMatchObject({ left: [], absent: [] });
      const sidecars = ["small.tar.gz.parts.json", "small.tar.gz.sha256"];
      expect((await readdir(first.path)).toSorted()).toEqual([...named(1, 4), ...sidecars]);
      expect((await readdir(second.path)).toSorted()).toEqual([...named(5, 7), ...sidecars]);
      expect(await verifyBundle({ bundle: [first.path, second.path] })).toMatchObject({
        isAcceptable: true,
      });
    });

    test("one after another: says what is left, goes on with the next, and begins anew when told", async () => {
      await using place = await copyPlace();
      const [from = ""] = parts.files;
      {
        await using stick = await smallFileSystem(6 * MIB);
        expect(await place.copy(from, stick.path)).toMatchObject({ left: named(5, 7) });
        // The same stick once more: it is full, and nothing is lost.
        expect(await place.copy(from, stick.path)).toMatchObject({ left: named(5, 7) });
      }
      await using next = await smallFileSystem(6 * MIB);
      {
        await using again = await smallFileSystem(6 * MIB);
        const begun = await place.copy({ bundle: from, to: [again.path], startOver: true });
        expect(begun.media[0]?.copied.slice(0, 4)).toEqual(named(1, 4));
      }
      const report = await place.copy(from, next.path);
      expect(report).toMatchObject({ left: [], absent: [] });
      expect(report.earlier.map(({ name }) => name)).toEqual(named(1, 4));
      expect((await readdir(next.path)).toSorted().slice(0, 3)).toEqual(named(5, 7));
      // It is all copied: whoever asks once more wants another copy.
      expect((await place.copy(from)).media[0]?.copied).toContain("small.tar.gz.001");
    });

    test("and from one after another to a disk, whatever the parts are called there", async () => {
      await using place = await copyPlace();
      await using first = await smallFileSystem(6 * MIB);
      await using second = await smallFileSystem(6 * MIB);
      await place.copy(parts.files[0] ?? "", first.path, second.path);
      expect(await place.copy(second.path)).toMatchObject({ left: [], absent: named(1, 4) });
      expect(await place.copy(first.path)).toMatchObject({ left: [], absent: [] });
      expect(await verifyBundle({ bundle: place.stick })).toMatchObject({ isAcceptable: true });
    });

    test("that take bytes and lose them: finds it by reading past the memory, and names nothing wrong", async () => {
      await using place = await copyPlace();
      await using stick = await forgetfulStick(32 * MIB, 5 * MIB);
      await expect(place.copy(parts.files[0] ?? "", stick.path)).rejects.toMatchObject({
        code: "IO",
        message: expect.stringMatching(
          /^Cannot copy part [3-5] of 7 .*: what was read back is not/,
        ),
      });
      await expectWholeParts(stick.path);
    });

    test("that are full in the middle: names the part, and goes on there once there is room", async () => {
      await using place = await copyPlace();
      await using stick = await smallFileSystem(20 * MIB);
      const filler = join(stick.path, "filler");
      place.whenWritten("small.tar.gz.003", () =>
        writeFileSync(filler, Buffer.alloc(20 * MIB - 4_000_000)),
      );
      await expect(place.copy(parts.files[0] ?? "", stick.path)).rejects.toMatchObject({
        code: "NO_SPACE",
        message: expect.stringMatching(/^Cannot copy part 4 of 7 .*: the medium is full$/),
      });
      await expectWholeParts(stick.path);
      await rm(filler);
      const { media } = await place.copy(parts.files[0] ?? "", stick.path);
      expect(media[0]?.found).toEqual(named(1, 3));
    });

    test("that are pulled out in the middle: names the part, and writes nothing to what is below", async () => {
      await using place = await copyPlace();
      await using stick = await smallFileSystem(20 * MIB);
      place.whenWritten("small.tar.gz.003", () => stick.pullOut());
      await expect(place.copy(parts.files[0] ?? "", stick.path)).rejects.toMatchObject({
        code: "IO",
        message: expect.stringMatching(/^Cannot copy part 3 of 7 .*: the medium does not answer/),
      });
      expect(await readdir(stick.path)).toEqual([]);
    });

    test("that are write-protected: says so before anything is copied, unless all is there", async () => {
      await using place = await copyPlace();
      await using stick = await smallFileSystem(60 * MIB);
      await stick.makeReadOnly();
      await expect(place.copy(whole.path, stick.path)).rejects.toMatchObject({
        code: "NO_RIGHTS",
        hint: expect.stringContaining("write-protected"),
      });
      await using other = await smallFileSystem(60 * MIB);
      await place.copy(whole.path, other.path);
      await other.makeReadOnly();
      expect(await place.copy(whole.path, other.path)).toMatchObject({ media: [{ copied: [] }] });
    });
  });

  async function expectWholeParts(at: string): Promise<void> {
    const names = (await readdir(at)).filter((name) => /\.\d{3}$/.test(name)).toSorted();
    expect(names).toEqual(named(1, names.length));
    for (const path of parts.files.slice(0, names.length))
      expect(await sameContent(path, at)).toBe(true);
  }

  async function copyPlace() {
    await using cleanup = new AsyncDisposableStack();
    const { path: stick } = cleanup.use(await temporaryDirectory());
    const { path: state } = cleanup.use(await temporaryDirectory());
    const owned = cleanup.move();
    const warnings: string[] = [];
    const doWhenWritten = new Map<string, () => void>();
    const onProgress = (event: ProgressEvent): void => {
      if (event.kind === "warning") warnings.push(event.text);
      if (event.kind === "bytes" && event.done === event.total) doWhenWritten.get(event.item)?.();
    };
    return {
      stick,
      warnings,
      whenWritten: (item: string, act: () => void) => void doWhenWritten.set(item, act),
      names: async () => (await readdir(stick)).toSorted(),
      copy: (bundle: string | CopyOptions, ...to: readonly string[]) =>
        copyBundle({
          ...(typeof bundle === "string" ? { bundle, to: to.length > 0 ? to : [stick] } : bundle),
          env: { XDG_STATE_HOME: state },
          onProgress,
        }),
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  }
});

function named(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `small.tar.gz.00${from + index}`);
}

async function sameContent(path: string, directory: string): Promise<boolean> {
  return (await readFile(path)).equals(await readFile(join(directory, basename(path))));
}

async function flipByte(path: string, at: number): Promise<void> {
  await using file = await open(path, "r+");
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  await file.write(Buffer.of((byte[0] ?? 0) ^ 1), 0, 1, at);
}

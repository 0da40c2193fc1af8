import { execFile } from "node:child_process";
import { mkdir, readFile, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BundleContents } from "../../src/bundle/bundle-contents.ts";
import { BundleReader } from "../../src/bundle/bundle-reader.ts";
import { type WrittenBundle, writeBundle } from "../../src/bundle/write-bundle.ts";
import { CHUNK_SIZE } from "../../src/core/chunks/chunk.ts";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { noise, smallContents, stagedImage, writeSmallBundle } from "../support/small-bundle.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const run = promisify(execFile);

describe("a bundle", () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let pool: ChunkPool;
  let written: WrittenBundle;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    pool = new ChunkPool();
    written = await writeSmallBundle(directory.path, pool);
  });

  afterAll(async () => {
    await pool[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  test("is what stock tar extracts and sha256sum finds in order", async () => {
    const extracted = join(directory.path, "extracted");
    await mkdir(extracted);
    await run("tar", ["-xzf", written.path, "-C", extracted]);
    const { stdout } = await run("sha256sum", ["-c", "SHA256SUMS"], {
      cwd: join(extracted, "small"),
    });
    expect(
      stdout
        .trim()
        .split("\n")
        .filter((line) => !line.endsWith(": OK")),
    ).toEqual([]);
    expect(await readdir(extracted)).toEqual(["small", "stargz.index.json"]);
  });

  test("is a gzip file in which gzip finds no fault, with a sidecar for sha256sum", async () => {
    await run("gzip", ["-t", written.path]);
    const { stdout } = await run("sha256sum", ["-c", "small.tar.gz.sha256"], {
      cwd: directory.path,
    });
    expect(stdout).toBe("small.tar.gz: OK\n");
  });

  test("is an eStargz file to containerd's own reader, every chunk verified", async ({ skip }) => {
    const go = await run("go", ["version"]).catch(() => undefined);
    if (go === undefined)
      console.warn("SKIPPED: there is no Go here to run containerd's estargz reader with");
    skip(go === undefined);
    const { stdout } = await run("go", ["run", ".", written.path], {
      cwd: join(import.meta.dirname, "estargz"),
    });
    const chunks = written.manifest.files.reduce((sum, file) => sum + file.chunks.length, 0);
    expect(stdout).toBe(`ok ${chunks + 2} chunks\n`);
  }, 120_000);

  test("stores what does not shrink and deflates what does", () => {
    const packed = written.manifest.files.flatMap((file) =>
      file.chunks.map((chunk) => ({ size: file.size, isPacked: chunk.packed !== undefined })),
    );
    expect(packed).toContainEqual({ size: 200_000, isPacked: true });
    expect(packed).toContainEqual({ size: CHUNK_SIZE + 70_001, isPacked: false });
  });

  test("has the same bytes wherever, whenever and under whichever umask it is written", async () => {
    await using elsewhere = await temporaryDirectory();
    const umask = process.umask(0o077);
    try {
      const again = await writeSmallBundle(elsewhere.path, pool);
      expect(again.id).toBe(written.id);
      expect((await readFile(again.path)).equals(await readFile(written.path))).toBe(true);
    } finally {
      process.umask(umask);
    }
  });

  test("gives its content back, checked, file by file, and then has nothing left to check but what was not read", async () => {
    await using reader = await BundleReader.open(written.path, pool);
    const weights = reader.manifest.files.find(({ size }) => size === CHUNK_SIZE + 70_001);
    expect((await reader.bytes(weights?.path ?? "")).equals(noise(CHUNK_SIZE + 70_001))).toBe(true);
    await reader.checkRest();
    expect(reader.id).toBe(written.id);
  });

  test("that is gone while it is read is named, whatever reads it", async () => {
    await using elsewhere = await temporaryDirectory();
    const path = join(elsewhere.path, "b.tar.gz");
    await writeBundle(await smallContents(elsewhere.path), { path, pool }, {});
    await using reader = await BundleReader.open(path, pool);
    await rm(path);
    const gone = { exitCode: 7, message: expect.stringContaining(`the bundle "${path}": ENOENT`) };
    await expect(reader.check()).rejects.toMatchObject(gone);
    await expect(reader.bytes(reader.manifest.files[0]?.path ?? "")).rejects.toMatchObject(gone);
  });

  test("has the same bytes where staging left no seals", async () => {
    await using elsewhere = await temporaryDirectory();
    const contents = await smallContents(elsewhere.path);
    const models = contents.models.map((model) => ({
      ...model,
      blobs: model.blobs.map(({ seals: _seals, ...blob }) => blob),
    }));
    const path = join(elsewhere.path, "b.tar.gz");
    const { sha256 } = await writeBundle({ ...contents, models }, { path, pool }, {});
    expect(sha256).toBe(written.sha256);
  });

  const spoils = [
    { how: "changed", spoil: (path: string, size: number) => writeFile(path, noise(size, 99)) },
    { how: "became shorter", spoil: (path: string, size: number) => truncate(path, size - 1) },
    { how: "disappeared", spoil: (path: string) => rm(path) },
  ];
  test.each([
    ...spoils.map((each) => ({ ...each, of: "several chunks", at: 0 })),
    ...spoils.map((each) => ({ ...each, of: "one chunk", at: 1 })),
  ])(
    "is not written when staged content of $of $how meanwhile, and leaves nothing behind",
    async ({ spoil, at }) => {
      await using elsewhere = await temporaryDirectory();
      const image = await largeAndSmallLayer(elsewhere.path);
      const layer = image.layers[at];
      await spoil(layer?.path ?? "", layer?.size ?? 0);
      const { error, left } = await writingFails(image, elsewhere.path);
      expect(error).toMatchObject({ code: "WRONG_CONTENT", sha256: layer?.sha256 });
      expect(left).toEqual([]);
    },
  );

  test.each([0, 1])(
    "is not written when the record of staged content is wrong: the digest of chunk %i",
    async (index) => {
      await using elsewhere = await temporaryDirectory();
      const image = await largeAndSmallLayer(elsewhere.path);
      const layers = image.layers.map((layer) =>
        layer.chunks.length > 1
          ? { ...layer, chunks: layer.chunks.with(index, "0".repeat(64)) }
          : layer,
      );
      const { error, left } = await writingFails({ ...image, layers }, elsewhere.path);
      expect(error).toMatchObject({ code: "WRONG_CONTENT", sha256: image.layers[0]?.sha256 });
      expect(left).toEqual([]);
    },
  );

  function largeAndSmallLayer(directory: string): ReturnType<typeof stagedImage> {
    return stagedImage(directory, [noise(CHUNK_SIZE + 70_001, 5), noise(1000)]);
  }

  /** Writes a bundle with this image: the error, and what is left of it. */
  async function writingFails(image: BundleContents["images"][number], directory: string) {
    const contents = { ...(await smallContents(directory)), images: [image] };
    const writing = writeBundle(contents, { path: join(directory, "b.tar.gz"), pool }, {});
    const error: unknown = await writing.catch((thrown: unknown) => thrown);
    const left = (await readdir(directory)).filter((name) => name.startsWith("b.tar.gz"));
    return { error, left };
  }
});

import { execFile } from "node:child_process";
import { mkdir, open, readFile, readdir, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { sha256Hex } from "../../src/core/digest.ts";
import { parseModelName } from "../../src/core/model-name.ts";
import type { ModelSource, StagedModel } from "../../src/source/source.ts";
import { createStoreModelSource } from "../../src/source/store-models.ts";
import { StagingVolume } from "../../src/staging/staging-volume.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { writeTinyModels } from "../support/tiny-models.ts";

describe("a model store on disk", () => {
  let pool: ChunkPool;
  beforeAll(() => {
    pool = new ChunkPool();
  });
  afterAll(() => pool[Symbol.asyncDispose]());

  test("gives its models in place, hashed and not copied", async () => {
    await using store = await tinyStore(pool);
    const model = await stage(store.source, "tiny");
    expect(model.blobs.map(({ path }) => path)).toEqual(
      model.blobs.map(({ sha256 }) => join(store.path, `blobs/sha256-${sha256}`)),
    );
    for (const blob of model.blobs) expect(sha256Hex(await readFile(blob.path))).toBe(blob.sha256);
    expect(await readdir(join(store.volume.directory, "blobs/sha256"))).toEqual([]);
  });

  test("finds a model without regard to case, as Ollama does", async () => {
    await using store = await tinyStore(pool);
    const { name } = await store.source.resolve(parseModelName("TINY:Second"), {});
    expect(name).toMatchObject({ model: "tiny", tag: "second" });
  });

  test("says which models there are when the wanted one is not, and minds no .DS_Store", async () => {
    await using store = await tinyStore(pool);
    await writeFile(join(store.path, "manifests/registry.ollama.ai/library/tiny/.DS_Store"), "");
    await expect(store.source.resolve(parseModelName("large"), {})).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringMatching(
        /"registry\.ollama\.ai\/library\/large:latest".*: it has tiny-embed:latest, tiny:latest, tiny:second$/,
      ),
    });
  });

  test("is refused when it is none, saying which directory is meant", async () => {
    await using store = await tinyStore(pool);
    const source = createStoreModelSource({
      store: join(store.path, "blobs"),
      volume: store.volume,
    });
    await expect(source.resolve(parseModelName("tiny"), {})).rejects.toMatchObject({
      code: "STORE_INVALID",
      hint: expect.stringContaining("OLLAMA_MODELS"),
    });
  });

  test.each([
    ["missing", (path: string) => rm(path), "INCOMPLETE"],
    [
      "cut by one byte",
      async (path: string) => truncate(path, (await readFile(path)).length - 1),
      "WRONG_CONTENT",
    ],
    ["altered in one byte", flipByte, "WRONG_CONTENT"],
  ])("names the blob that is %s", async (_, damage, code) => {
    await using store = await tinyStore(pool);
    const { manifest } = await store.source.resolve(parseModelName("tiny"), {});
    const path = join(store.path, `blobs/sha256-${manifest.layers[0]?.sha256}`);
    await damage(path);
    await expect(stage(store.source, "tiny")).rejects.toMatchObject({
      code,
      exitCode: 3,
      message: expect.stringContaining(path),
    });
  });

  test.each([
    ["a named pipe", (path: string) => promisify(execFile)("mkfifo", [path]), "not a regular file"],
    ["a directory", (path: string) => mkdir(path), "a directory"],
    ["a link to nowhere", (path: string) => symlink("nowhere", path), "ENOENT"],
  ])("is refused, and not waited for, where a manifest is %s", async (_, make, found) => {
    await using store = await tinyStore(pool);
    const path = join(store.path, "manifests/registry.ollama.ai/library/tiny/latest");
    await rm(path);
    await make(path);
    await expect(store.source.resolve(parseModelName("tiny"), {})).rejects.toMatchObject({
      code: "STORE_INVALID",
      exitCode: 3,
      message: expect.stringMatching(`"${path}": .*${found}`),
    });
  });

  test("hashes a blob again that changed since it was hashed", async () => {
    await using store = await tinyStore(pool);
    const model = await stage(store.source, "tiny");
    await flipByte(model.blobs[0]?.path ?? "");
    await expect(stage(store.source, "tiny")).rejects.toMatchObject({ code: "WRONG_CONTENT" });
  });
});

async function tinyStore(pool: ChunkPool): Promise<
  {
    readonly path: string;
    readonly volume: StagingVolume;
    readonly source: ModelSource;
  } & AsyncDisposable
> {
  const directory = await temporaryDirectory();
  const path = join(directory.path, "models");
  await mkdir(path);
  await writeTinyModels(path);
  const volume = await StagingVolume.open(join(directory.path, "staging"), pool);
  const source = createStoreModelSource({ store: path, volume });
  return { path, volume, source, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

async function stage(source: ModelSource, name: string): Promise<StagedModel> {
  return source.stage(await source.resolve(parseModelName(name), {}), {});
}

async function flipByte(path: string): Promise<void> {
  await using file = await open(path, "r+");
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, 1000 % (await file.stat()).size);
  await file.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, 1000 % (await file.stat()).size);
}

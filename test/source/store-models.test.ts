import { execFile } from "node:child_process";
import {
  mkdir,
  open,
  readFile,
  readdir,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { sha256Hex } from "../../src/core/digest.ts";
import { parseModelName } from "../../src/core/model-name.ts";
import type { ProgressEvent } from "../../src/core/progress.ts";
import { chooseModels } from "../../src/source/choose-models.ts";
import type { ModelSource, ResolvedModel, StagedModel } from "../../src/source/source.ts";
import { StagingVolume } from "../../src/staging/staging-volume.ts";
import { startModelRegistry } from "../support/model-registry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { writeTinyModels } from "../support/tiny-models.ts";
import { FAST } from "./registry-place.ts";

describe("a model store on disk", () => {
  let pool: ChunkPool;
  beforeAll(() => {
    pool = new ChunkPool();
  });
  afterAll(() => pool[Symbol.asyncDispose]());

  test("gives its models in place, hashed and not copied", async () => {
    await using store = await tinyStore(pool);
    const model = await store.stage("tiny");
    expect(model.blobs.map(({ path }) => path)).toEqual(
      model.blobs.map(({ sha256 }) => join(store.path, `blobs/sha256-${sha256}`)),
    );
    for (const blob of model.blobs) expect(sha256Hex(await readFile(blob.path))).toBe(blob.sha256);
    expect(await readdir(join(store.volume.directory, "blobs/sha256"))).toEqual([]);
  });

  test("finds a model without regard to case, as Ollama does", async () => {
    await using store = await tinyStore(pool);
    const { name } = await store.resolve("TINY:Second");
    expect(name).toMatchObject({ model: "tiny", tag: "second" });
  });

  test("says which models there are when the wanted one is not, and minds no .DS_Store", async () => {
    await using store = await tinyStore(pool);
    await writeFile(join(store.path, "manifests/registry.ollama.ai/library/tiny/.DS_Store"), "");
    await expect(store.resolve("large")).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringMatching(
        /"registry\.ollama\.ai\/library\/large:latest".*: it has tiny-embed:latest, tiny:latest, tiny:second$/,
      ),
    });
  });

  test("is refused when it is none, saying which directory is meant", async () => {
    await using store = await tinyStore(pool);
    await expect(store.open(NO_REGISTRY, join(store.path, "blobs"))).rejects.toMatchObject({
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
  ])("names the blob that is %s, where there is no registry", async (_, damage, code) => {
    await using store = await tinyStore(pool);
    const path = await weightsOf(store);
    await damage(path);
    await expect(store.stage("tiny")).rejects.toMatchObject({
      code,
      exitCode: 3,
      message: expect.stringMatching(
        new RegExp(
          `^Cannot use "${path}" .*; and it cannot be had from the registry: .*${NO_REGISTRY}`,
        ),
      ),
      hint: expect.stringContaining("ollama pull"),
    });
  });

  test.each([
    ["missing", (path: string) => rm(path), "there is no such file"],
    ["altered in one byte", flipByte, "its content hashes to"],
    [
      "a link to nowhere",
      async (path: string) => {
        await rm(path);
        await symlink("nowhere", path);
      },
      "it is a link to a file that is not there",
    ],
  ])("fetches a blob that is %s from the registry, and says so", async (_, damage, found) => {
    await using store = await tinyStore(pool);
    await using whole = await temporaryDirectory();
    await writeTinyModels(whole.path);
    await using registry = await startModelRegistry({ store: whole.path });
    const path = await weightsOf(store);
    await damage(path);
    const { blobs, manifest } = await store.stage("tiny", registry.url);
    expect(blobs.find(({ sha256 }) => sha256 === manifest.layers[0]?.sha256)?.path).toBe(
      join(store.volume.directory, "blobs/sha256", manifest.layers[0]?.sha256 ?? ""),
    );
    expect(store.warnings.at(-1)).toMatch(
      new RegExp(`^Cannot use "${path}" .*${found}.*It was fetched from the registry instead$`),
    );
    expect(registry.requests.filter(({ path }) => path.includes("/blobs/"))).toHaveLength(1);
    registry.forgetRequests();
    await store.stage("tiny", registry.url);
    expect(registry.requests, "asked for what is staged").toEqual([]);
  });

  test("counts each byte of a blob once in its progress, though it was read and then fetched", async () => {
    await using store = await tinyStore(pool);
    await using whole = await temporaryDirectory();
    await writeTinyModels(whole.path);
    await using registry = await startModelRegistry({ store: whole.path });
    await flipByte(await weightsOf(store));
    const source = await store.open(registry.url);
    const resolved = await source.resolve(parseModelName("tiny"), {});
    const events: ProgressEvent[] = [];
    await source.stage(resolved, { onProgress: (event) => events.push(event) });
    const bytes = events.filter((event) => event.kind === "bytes");
    expect(bytes.at(-1)).toMatchObject({ done: bytes.at(-1)?.total });
  });

  test("tells of what is no part of a model, and leaves it alone: Finder's files, links, partial downloads", async () => {
    await using store = await tinyStore(pool);
    const weights = await weightsOf(store);
    await rename(weights, join(store.path, "elsewhere"));
    await symlink("../elsewhere", weights);
    await writeFile(join(store.path, "blobs", `sha256-${"a".repeat(64)}-partial`), "half");
    await writeFile(join(store.path, "blobs", `sha256-${"a".repeat(64)}-partial-0`), "{}");
    await writeFile(join(store.path, "blobs/._x"), "");
    await writeFile(join(store.path, "manifests/.DS_Store"), "");
    await symlink("nowhere", join(store.path, "manifests/registry.ollama.ai/library/gone"));
    const { blobs } = await store.stage("tiny");
    expect(blobs.map(({ path }) => path)).toContain(join(store.path, "elsewhere"));
    expect(store.warnings).toEqual([
      `Left alone in the store "${store.path}": ` +
        `2 links ("${relative(store.path, weights)}", "manifests/registry.ollama.ai/library/gone"), ` +
        '2 files of macOS ("blobs/._x", "manifests/.DS_Store"), ' +
        `2 partial downloads ("blobs/sha256-${"a".repeat(64)}-partial", "blobs/sha256-${"a".repeat(64)}-partial-0")`,
    ]);
  });

  test("comes to an end where a link leads back up, and waits for no pipe beside it", async () => {
    await using store = await tinyStore(pool);
    await symlink("..", join(store.path, "manifests/registry.ollama.ai/up"));
    await promisify(execFile)("mkfifo", [join(store.path, "id_ed25519")]);
    await promisify(execFile)("mkfifo", [join(store.path, "blobs/id_ed25519")]);
    expect((await store.stage("tiny")).blobs).not.toHaveLength(0);
    expect(store.warnings).toEqual([expect.stringContaining('1 other file ("blobs/id_ed25519")')]);
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
    await expect(store.resolve("tiny")).rejects.toMatchObject({
      code: "STORE_INVALID",
      exitCode: 3,
      message: expect.stringMatching(`"${path}": .*${found}`),
    });
  });

  test("hashes a blob again that changed since it was hashed", async () => {
    await using store = await tinyStore(pool);
    const model = await store.stage("tiny");
    await flipByte(model.blobs[0]?.path ?? "");
    await expect(store.stage("tiny")).rejects.toMatchObject({ code: "WRONG_CONTENT" });
  });
});

/** Nothing listens there. */
const NO_REGISTRY = "http://127.0.0.1:1";

async function tinyStore(pool: ChunkPool) {
  const directory = await temporaryDirectory();
  const path = join(directory.path, "models");
  await mkdir(path);
  await writeTinyModels(path);
  const staging = join(directory.path, "staging");
  const volume = await StagingVolume.open(staging, pool);
  const warnings: string[] = [];
  const onProgress = (event: ProgressEvent): void => {
    if (event.kind === "warning") warnings.push(event.text);
  };
  /** The store as it is now. */
  const open = (modelRegistry = NO_REGISTRY, from = path): Promise<ModelSource> =>
    chooseModels(
      { kind: "directory", name: from },
      { volume, modelRegistry, retry: FAST, env: {}, onProgress },
    );
  const resolve = async (name: string, modelRegistry?: string): Promise<ResolvedModel> =>
    (await open(modelRegistry)).resolve(parseModelName(name), {});
  const stage = async (name: string, modelRegistry?: string): Promise<StagedModel> => {
    const source = await open(modelRegistry);
    return source.stage(await source.resolve(parseModelName(name), {}), { onProgress });
  };
  return {
    path,
    volume,
    warnings,
    open,
    resolve,
    stage,
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

/** The path of the weights of "tiny". */
async function weightsOf({
  path,
  resolve,
}: Pick<Awaited<ReturnType<typeof tinyStore>>, "path" | "resolve">): Promise<string> {
  const { manifest } = await resolve("tiny");
  return join(path, `blobs/sha256-${manifest.layers[0]?.sha256}`);
}

async function flipByte(path: string): Promise<void> {
  await using file = await open(path, "r+");
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, 1000 % (await file.stat()).size);
  await file.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, 1000 % (await file.stat()).size);
}

import { createHash } from "node:crypto";
import { mkdtempDisposable, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { describe, expect, test } from "vitest";
import {
  type ModelSpec,
  type WrittenModel,
  writeModel,
  writeTinyModels,
} from "../support/tiny-models.ts";

/** The store that a real Ollama 0.24.0 was recorded with (`test/contract`). */
const EXPECTED = `
0534f0df42e6d5a22c419ce1e006a0ee51262d210f865c4d84f8d8a5fb89a83c  blobs/sha256-0534f0df42e6d5a22c419ce1e006a0ee51262d210f865c4d84f8d8a5fb89a83c
0c10d46ef72dc03f4fd4aa195a4dbeb800eea6c72428a8533cb913c6763ab8f5  blobs/sha256-0c10d46ef72dc03f4fd4aa195a4dbeb800eea6c72428a8533cb913c6763ab8f5
2e579347e4d49cd2192cb442082f9bc21f4a662d1282a4e19222fed1bc514450  blobs/sha256-2e579347e4d49cd2192cb442082f9bc21f4a662d1282a4e19222fed1bc514450
440dc00a94bb137d056ba81edf2f2102b5ea32382a92d3c707d7e95d876f6c55  blobs/sha256-440dc00a94bb137d056ba81edf2f2102b5ea32382a92d3c707d7e95d876f6c55
85011998c600549934d2b696d7f0cb5078192b56f6c954f6987bf9228870017e  blobs/sha256-85011998c600549934d2b696d7f0cb5078192b56f6c954f6987bf9228870017e
89773d1226d4a20131ae62d14d12c3bb88e1948fa699303f4b317728eff272b7  blobs/sha256-89773d1226d4a20131ae62d14d12c3bb88e1948fa699303f4b317728eff272b7
8bbf3ce8d175a6d70d5048e6ec0a781e5df19633453b5e96ab74b8daef9fc52d  blobs/sha256-8bbf3ce8d175a6d70d5048e6ec0a781e5df19633453b5e96ab74b8daef9fc52d
8d9c13acc85f933d88da48c84b7782392d83b7c42fe7809134f95edb0f30755c  blobs/sha256-8d9c13acc85f933d88da48c84b7782392d83b7c42fe7809134f95edb0f30755c
932e5689ab13e3c35da2c754d7b90cf9cc5c601cf1b30b3f61f18c481fbbe933  blobs/sha256-932e5689ab13e3c35da2c754d7b90cf9cc5c601cf1b30b3f61f18c481fbbe933
c28e5a827cc9b9c642abb5e6acd4e091051b1567e1be13a003e70a9cb803a12c  blobs/sha256-c28e5a827cc9b9c642abb5e6acd4e091051b1567e1be13a003e70a9cb803a12c
df9270a79935b387f89863f07540b58c959a03c31510bd3bacea776c4566f476  blobs/sha256-df9270a79935b387f89863f07540b58c959a03c31510bd3bacea776c4566f476
80719c993204a707939b8be493c17b3383eab2c1aa3e68b1bae9a1abe23aeb0c  manifests/registry.ollama.ai/library/tiny-embed/latest
8edad6f01a1ece4b6408fad7c400cc444f1f5ce49f41164997950ab6be9d6181  manifests/registry.ollama.ai/library/tiny/latest
f3d8e90ad1e02f30b4ccaef46f4b9e77f9bfbdb1d0181770b19e047d36d4cdd8  manifests/registry.ollama.ai/library/tiny/second
`.trimStart();

describe("tiny models", () => {
  test("are the bytes that the contract was recorded with", async () => {
    await using store = await temporaryStore();
    const { files, names } = await writeTinyModels(store.path);
    expect(files.map((file) => `${file.sha256}  ${file.path}\n`).join("")).toBe(EXPECTED);
    expect(names).toEqual(["tiny:latest", "tiny:second", "tiny-embed:latest"]);
    for (const file of files) expect(await sha256Of(store.path, file.path)).toBe(file.sha256);
  });

  test("a big model has at least the size asked for and does not compress", async () => {
    await using store = await temporaryStore();
    const { size, files } = await writeModel(store.path, { name: "big", size: 3_000_000 });
    expect(size).toBeGreaterThanOrEqual(3_000_000);
    const weights = await readFile(path.join(store.path, files[1]?.path ?? ""));
    const packed = brotliCompressSync(weights, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } });
    expect(packed.length / weights.length).toBeGreaterThan(0.95);
  });

  test("a seed decides the weights: the same one twice, another one once", async () => {
    await using store = await temporaryStore();
    for (const size of [undefined, 2_000_000]) {
      const weights = async (seed: number) => {
        const spec = { name: "seeded", seed, ...(size === undefined ? {} : { size }) };
        return (await writeModel(store.path, spec)).files[1]?.sha256;
      };
      expect(await weights(7)).toBe(await weights(7));
      expect(await weights(7)).not.toBe(await weights(8));
    }
  });

  test("another host or namespace is another path and another name", async () => {
    await using store = await temporaryStore();
    const write = (spec: Partial<ModelSpec>) => writeModel(store.path, { name: "m", ...spec });
    expect(nameAndPath(await write({ host: "localhost:5000" }))).toEqual([
      "localhost:5000/library/m:latest",
      "manifests/localhost:5000/library/m/latest",
    ]);
    expect(nameAndPath(await write({ namespace: "me", tag: "q8_0" }))).toEqual([
      "me/m:q8_0",
      "manifests/registry.ollama.ai/me/m/q8_0",
    ]);
  });

  test("a cloud stub has no weights and says where it runs", async () => {
    await using store = await temporaryStore();
    const remote = { host: "https://ollama.com:443", model: "stub" };
    const { files, manifest } = await writeModel(store.path, { name: "stub", remote });
    expect(files).toHaveLength(2);
    expect(await readJson(store.path, manifest.path)).toMatchObject({ layers: [] });
    expect(await readJson(store.path, files[0]?.path ?? "")).toMatchObject({
      remote_host: remote.host,
      remote_model: remote.model,
    });
  });

  test("a model can name the Ollama that it requires and where it came from", async () => {
    await using store = await temporaryStore();
    const spec = { name: "m", requires: "0.99.0", from: "/root/.ollama/models/blobs/sha256-x" };
    const { files, manifest } = await writeModel(store.path, spec);
    expect(await readJson(store.path, files[0]?.path ?? "")).toMatchObject({ requires: "0.99.0" });
    expect(await readJson(store.path, manifest.path)).toMatchObject({
      layers: [{ from: spec.from }, { from: spec.from }, { from: spec.from }],
    });
  });

  test("a model of tensor layers has a blob of its own for each tensor", async () => {
    await using store = await temporaryStore();
    const { files } = await writeModel(store.path, { name: "many", tensors: 300 });
    const [config, ...others] = files;
    expect(new Set(others.map((file) => file.sha256)).size).toBe(300 + 2 + 2 + 1);
    expect(await readJson(store.path, config?.path ?? "")).toMatchObject({
      model_format: "safetensors",
    });
  });
});

function temporaryStore() {
  return mkdtempDisposable(path.join(tmpdir(), "tiny-models-"));
}

function nameAndPath(model: WrittenModel): string[] {
  return [model.name, model.manifest.path];
}

async function sha256Of(store: string, file: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path.join(store, file)))
    .digest("hex");
}

async function readJson(store: string, file: string): Promise<unknown> {
  return JSON.parse(await readFile(path.join(store, file), "utf8"));
}

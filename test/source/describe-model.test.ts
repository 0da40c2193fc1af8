import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseModelName } from "../../src/core/model-name.ts";
import { describeModel } from "../../src/source/describe-model.ts";
import { readGgufMetadata } from "../../src/source/gguf-header.ts";
import { blobsOf, parseModelManifest } from "../../src/source/model-manifest.ts";
import type { StagedModel } from "../../src/source/source.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { writeTinyModels } from "../support/tiny-models.ts";

describe("what is said of a model", () => {
  test("comes from its config, its licence and the header of its weights", async () => {
    await using store = await temporaryDirectory();
    await writeTinyModels(store.path);
    expect(await describeModel(await stagedModel(store.path, "tiny", "latest"))).toEqual({
      size: 141_716,
      family: "llama",
      parameterSize: "123K",
      quantization: "Q8_0",
      contextLength: 512,
      capabilities: ["completion"],
      licenses: [expect.stringContaining("pseudo-random numbers")],
    });
  });

  test("tells an embedding model from one that completes texts", async () => {
    await using store = await temporaryDirectory();
    await writeTinyModels(store.path);
    const facts = await describeModel(await stagedModel(store.path, "tiny-embed", "latest"));
    expect(facts.capabilities).toEqual(["embedding"]);
  });
});

describe("a GGUF header whose lengths lie", () => {
  const head = (keys: bigint, rest: Buffer): Buffer => {
    const bytes = Buffer.alloc(24);
    bytes.write("GGUF", "latin1");
    bytes.writeUInt32LE(3, 4);
    bytes.writeBigUInt64LE(keys, 16);
    return Buffer.concat([bytes, rest]);
  };
  const hugeLength = Buffer.alloc(8, 0xff);

  test.each([
    ["a text of 2^64 bytes", head(1n, hugeLength)],
    ["2^64 keys in an empty file", head(2n ** 64n - 1n, Buffer.alloc(0))],
    [
      "an array of arrays",
      head(1n, Buffer.from("01000000000000006109000000090000000100000000000000", "hex")),
    ],
    [
      "an array of 2^64 texts",
      head(
        1n,
        Buffer.concat([Buffer.from("0100000000000000610900000008000000", "hex"), hugeLength]),
      ),
    ],
    ["no more than its magic", Buffer.from("GGUF")],
  ])("ends the reading and costs nothing: %s", async (_, bytes) => {
    await using directory = await temporaryDirectory();
    await writeFile(join(directory.path, "x.gguf"), bytes);
    expect(await readGgufMetadata(join(directory.path, "x.gguf"))).toEqual(new Map());
  });

  test("is not taken for GGUF without its magic", async () => {
    await using directory = await temporaryDirectory();
    await writeFile(join(directory.path, "x.gguf"), "something else entirely");
    expect(await readGgufMetadata(join(directory.path, "x.gguf"))).toBeUndefined();
  });
});

async function stagedModel(store: string, model: string, tag: string): Promise<StagedModel> {
  const manifestBytes = await readFile(
    join(store, "manifests/registry.ollama.ai/library", model, tag),
  );
  const manifest = parseModelManifest(manifestBytes, model);
  const blobs = blobsOf(manifest).map(({ sha256, size }) => ({
    path: join(store, `blobs/sha256-${sha256}`),
    size,
    sha256,
    chunks: [],
  }));
  return { name: parseModelName(`${model}:${tag}`), manifestBytes, manifest, blobs };
}

import { beforeAll, describe, expect, test } from "vitest";
import { checkFilePaths, isReservedPath } from "../../src/bundle/file-paths.ts";
import { decodeModelsJson } from "../../src/bundle/decode-models-json.ts";
import {
  type ModelLayer,
  type ModelsJson,
  encodeModelsJson,
} from "../../src/bundle/models-json.ts";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { writeSmallBundle } from "../support/small-bundle.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const HEX = "a".repeat(64);

describe("MODELS.json", () => {
  let good: ModelsJson;
  beforeAll(async () => {
    await using directory = await temporaryDirectory();
    await using pool = new ChunkPool();
    good = (await writeSmallBundle(directory.path, pool)).manifest;
  });

  test("is read as it was written", () => {
    expect(decodeModelsJson(encodeModelsJson(good))).toEqual(good);
  });

  test("is compact JSON, its fields in one order", () => {
    expect(encodeModelsJson(good).toString()).toBe(`${JSON.stringify(good)}\n`);
    expect(Object.keys(good).at(-1)).toBe("files");
  });

  test("may have fields that this version does not know", () => {
    const newer = {
      ...good,
      signedBy: "somebody",
      models: good.models.map((model) => ({ ...model, mood: 7 })),
    };
    expect(decodeModelsJson(Buffer.from(JSON.stringify(newer)))).toEqual(good);
  });

  test("of a newer major version is refused, with the tool version that reads it", () => {
    const newer = { schemaVersion: 2, tool: { name: "ollama-bundle", version: "7.1.0" } };
    expect(() => decodeModelsJson(Buffer.from(JSON.stringify(newer)))).toThrow(
      expect.objectContaining({
        code: "NEWER_FORMAT",
        exitCode: 4,
        hint: expect.stringContaining("7.1.0"),
      }),
    );
  });

  test.each([
    ["numbers", "0"],
    ["lists", "[]"],
    ["objects", "{}"],
    ["short texts", '""'],
  ])("is refused without being parsed where it is a million %s", (_, value) => {
    const million = Array.from({ length: 1_000_000 }, () => value).join(",");
    const text = JSON.stringify({ ...good, x: 0 }).replace('"x":0', `"x":[${million}]`);
    expect(() => decodeModelsJson(Buffer.from(text))).toThrow(
      "it has more values than a bundle has use for",
    );
  });

  test("of which a list is wrong all over is told by the first item alone", () => {
    const chunks = Array.from({ length: 500_000 }, () => "what should be a chunk");
    const bad = withFile(good, (file) => ({ ...file, chunks: chunks as never }));
    expect(() => decodeModelsJson(Buffer.from(JSON.stringify(bad)))).toThrow(
      /^MODELS\.json is not acceptable: ✖ Invalid input: expected object, received string {3}→ at files\[\d+\]\.chunks\[0\]$/,
    );
  });

  const lies: Record<string, (of: ModelsJson) => unknown> = {
    "a chunk more than the size makes": (of) =>
      withFile(of, (file) => ({ ...file, chunks: [...file.chunks, ...file.chunks] })),
    "a size that its chunks do not make": (of) =>
      withFile(of, (file) => ({ ...file, size: file.size + 100_000_000 })),
    "a negative size": (of) => withFile(of, (file) => ({ ...file, size: -1 })),
    "a size beyond what numbers hold": (of) => withFile(of, (file) => ({ ...file, size: 2 ** 60 })),
    "a file digest other than its one chunk's": (of) =>
      withFile(of, (file) => ({ ...file, sha256: HEX })),
    "a model without its manifest": (of) => ({
      ...of,
      files: of.files.filter(({ path }) => !path.includes("/manifests/")),
    }),
    "a model whose digest is not its manifest's": (of) => ({
      ...of,
      models: of.models.map((model) => ({ ...model, digest: HEX })),
    }),
    "a blob that is not there": (of) => ({
      ...of,
      models: of.models.map((model) => ({ ...model, blobs: [HEX] })),
    }),
    "another chunk size": (of) => ({ ...of, chunkSize: 1 }),
    "a name that is a path": (of) => ({ ...of, name: "../x" }),
    "CVE-2024-37032: a digest that is a path": (of) => ({
      ...of,
      models: of.models.map((model) => ({ ...model, blobs: ["../../etc/passwd"] })),
    }),
  };
  test.each(Object.keys(lies))("is refused with %s", (what) => {
    const bytes = Buffer.from(JSON.stringify(lies[what]?.(good)));
    expect(() => decodeModelsJson(bytes)).toThrow(
      expect.objectContaining({ code: "DAMAGED", exitCode: 4 }),
    );
  });

  const contradictions: Record<string, [(of: ModelsJson) => unknown, string]> = {
    "a model's name that would reach a terminal": [
      (of) => withModel(of, { name: "registry.ollama.ai/library/\u001b[31m:latest" }),
      "expected a model name in full",
    ],
    "a model's name that is not in full": [
      (of) => withModel(of, { name: "tiny" }),
      "expected a model name in full",
    ],
    "an image's name that is none": [
      (of) => withImage(of, { reference: "docker.io/ollama/\u001b[31m:latest" }),
      "expected an image reference in full",
    ],
    "a model that is there twice": [
      (of) => ({ ...of, models: [...of.models, ...of.models] }),
      '"registry.ollama.ai/library/tiny:latest" is there twice',
    ],
    "a model that has a blob twice": [
      (of) => withModel(of, { blobs: of.models.flatMap(({ blobs }) => [...blobs, ...blobs]) }),
      "has one of its blobs twice",
    ],
    "a model of fewer bytes than its blobs": [
      (of) => withModel(of, { size: 8_458_610 }),
      "and its blobs make 8458611",
    ],
    "a model of a byte more than its blobs": [
      (of) => withModel(of, { size: 8_458_612 }),
      "and its blobs make 8458611",
    ],
    "an image without its last layer": [
      (of) => withImage(of, { diffIds: of.images[0]?.diffIds.slice(0, -1) ?? [] }),
      "is not the one that its config and its layers make",
    ],
    "an image whose config is another file": [
      (of) => withImage(of, { configDigest: of.images[0]?.diffIds[0] ?? "" }),
      "is not the one that its config and its layers make",
    ],
    "no model layers": [
      (of) => ({ ...of, modelLayers: [] }),
      "it has 0 model layers, and its models make 2",
    ],
    "a model layer of another size": [
      (of) => withLastLayer(of, ({ size }) => ({ size: size + 512 })),
      "model layer 2 is not the one",
    ],
    "a model layer without the model's manifest": [
      (of) => withLastLayer(of, ({ paths }) => ({ paths: paths.slice(0, -1) })),
      "model layer 2 is not the one",
    ],
    "a model layer that has a blob twice": [
      (of) => withLastLayer(of, ({ paths }) => ({ paths: [...paths.slice(0, 1), ...paths] })),
      "model layer 2 is not the one",
    ],
    "model layers in another order": [
      (of) => ({ ...of, modelLayers: of.modelLayers.toReversed() }),
      "model layer 1 is not the one",
    ],
  };
  test.each(Object.keys(contradictions))("is refused with %s, which it says", (what) => {
    const [change, says] = contradictions[what] ?? [() => good, "a contradiction"];
    expect(() => decodeModelsJson(Buffer.from(JSON.stringify(change(good))))).toThrow(
      expect.objectContaining({ code: "DAMAGED", message: expect.stringContaining(says) }),
    );
  });

  test("may have a model that names a blob several times, and counts it every time", () => {
    const repeated = withModel(good, { size: 8_458_611 + 2 }) as ModelsJson;
    expect(decodeModelsJson(encodeModelsJson(repeated))).toEqual(repeated);
  });

  test("is refused when it is no JSON", () => {
    expect(() => decodeModelsJson(Buffer.from("{"))).toThrow(
      expect.objectContaining({ code: "DAMAGED" }),
    );
  });
});

describe("a path in a bundle", () => {
  test.each([
    ["CVE-2024-45436: a parent directory", "models/../../etc/passwd"],
    ["CVE-2024-0406: an absolute path", "/etc/passwd"],
    ["CVE-2026-26960: a drive letter", "C:../x"],
    ["a backslash", "models\\blobs\\x"],
    ["CVE-2024-37032: a blob whose name is no digest", "models/blobs/sha256-../../x"],
    ["an upper-case digest", `models/blobs/sha256-${HEX.toUpperCase()}`],
    ["a manifest with a part too many", "models/manifests/h/n/m/t/x"],
    ["a manifest whose tag is ..", "models/manifests/h/n/m/.."],
    ["a file of macOS's Finder", "models/manifests/h/n/m/.DS_Store"],
    ["a device name of Windows", "files/con"],
    ["a path of a reserved folder that climbs", "files/../../x"],
    ["nothing", ""],
  ])("is refused: %s", (_, path) => {
    expect(() => checkFilePaths([path])).toThrow(expect.objectContaining({ exitCode: 4 }));
  });

  test("CVE-2026-23950: may not be there twice, nor differ only in case", () => {
    expect(() => checkFilePaths(["MODELS.txt", "MODELS.txt"])).toThrow("twice");
    expect(() =>
      checkFilePaths(["models/manifests/h/n/m/q4_K", "models/manifests/h/n/m/Q4_k"]),
    ).toThrow("twice");
  });

  test("may be one that a later version adds, which is told apart", () => {
    const later = [
      "install.sh",
      "compose/docker-compose.yaml",
      "sbom/image.spdx.json",
      "report.html",
    ];
    checkFilePaths(later);
    expect(later.every(isReservedPath)).toBe(true);
  });
});

function withFile(of: ModelsJson, change: (file: ModelsJson["files"][number]) => unknown): unknown {
  return { ...of, files: of.files.map((file, at) => (at === 0 ? change(file) : file)) };
}

function withModel(of: ModelsJson, change: Partial<ModelsJson["models"][number]>): unknown {
  return { ...of, models: of.models.map((model) => ({ ...model, ...change })) };
}

function withImage(of: ModelsJson, change: Partial<ModelsJson["images"][number]>): unknown {
  return { ...of, images: of.images.map((image) => ({ ...image, ...change })) };
}

function withLastLayer(
  of: ModelsJson,
  change: (layer: ModelLayer) => Partial<ModelLayer>,
): unknown {
  const layers = of.modelLayers.map((layer, at) =>
    at === of.modelLayers.length - 1 ? { ...layer, ...change(layer) } : layer,
  );
  return { ...of, modelLayers: layers };
}

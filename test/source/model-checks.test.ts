import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseModelName } from "../../src/core/model-name.ts";
import { checkConfig, checkManifest, refuseCloudName } from "../../src/source/model-checks.ts";
import { isOlder } from "../../src/source/ollama-version.ts";
import type { StagedFile } from "../../src/staging/staged-file.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const name = parseModelName("tiny");
const weights = {
  mediaType: "application/vnd.ollama.image.model",
  sha256: "0".repeat(64),
  size: 1,
};

describe("a model that cannot be carried", () => {
  test.each(["gpt:cloud", "gpt:20b-cloud", "gpt:20B-Cloud"])(
    "is refused by its name: %s",
    (text) => {
      expect(() => refuseCloudName(parseModelName(text))).toThrow(
        expect.objectContaining({
          code: "CLOUD_MODEL",
          exitCode: 3,
          message: expect.stringContaining(text),
        }),
      );
    },
  );

  test("is refused when its manifest names no weights", () => {
    expect(() => checkManifest(name, { layers: [] }, undefined)).toThrow(
      expect.objectContaining({ code: "CLOUD_MODEL" }),
    );
  });

  test("is refused when its config says that it runs elsewhere", async () => {
    await using config = await configFile({
      remote_host: "https://ollama.com",
      remote_model: "gpt",
    });
    await expect(checkConfig(name, config.file, {})).rejects.toMatchObject({ code: "CLOUD_MODEL" });
  });

  test("is refused when it needs a newer Ollama than the image has", async () => {
    await using config = await configFile({ requires: "0.30.0" });
    await expect(checkConfig(name, config.file, { ollamaVersion: "0.24.0" })).rejects.toMatchObject(
      {
        code: "NEWER_OLLAMA_NEEDED",
        message: expect.stringContaining("0.30.0"),
      },
    );
    await expect(
      checkConfig(name, config.file, { ollamaVersion: "0.30.0" }),
    ).resolves.toBeUndefined();
  });

  test("is packed with a warning when nobody knows whether the image's Ollama is new enough", async () => {
    await using config = await configFile({ requires: "0.30.0" });
    const warnings: string[] = [];
    await checkConfig(name, config.file, {
      onProgress: (event) => event.kind === "warning" && warnings.push(event.text),
    });
    expect(warnings).toEqual([expect.stringContaining("0.30.0")]);
  });
});

test("a manifest that tells a path of the machine where it was made is packed with a warning", () => {
  const warnings: string[] = [];
  const layers = [{ ...weights, from: "/home/ann/.ollama/models/blobs/sha256-0" }];
  checkManifest(name, { layers }, (event) => event.kind === "warning" && warnings.push(event.text));
  expect(warnings).toEqual([expect.stringContaining("/home/ann/.ollama/models/blobs/sha256-0")]);
});

test.each([
  ["0.24.0", "0.30.0", true],
  ["0.30.0", "0.30.0", false],
  ["0.30.0-rc2", "0.30.0", true],
  ["v1.0", "0.99.9", false],
  ["0.9.0", "0.10.0", true],
  ["latest", "0.10.0", false],
])("Ollama %s is older than %s: %s", (a, b, expected) => {
  expect(isOlder(a, b)).toBe(expected);
});

async function configFile(
  config: object,
): Promise<{ readonly file: StagedFile } & AsyncDisposable> {
  const directory = await temporaryDirectory();
  const path = join(directory.path, "config");
  const text = JSON.stringify(config);
  await writeFile(path, text);
  const file = { path, size: text.length, sha256: "0".repeat(64), chunks: [] };
  return { file, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

import { appendFile, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fullModelName, manifestPath, parseModelName } from "../../src/core/model-name.ts";
import { checkServer } from "../../src/health/check-server.ts";
import type { ExpectedModel, HealthReport } from "../../src/health/health-report.ts";
import { sha256Hex } from "../../src/core/digest.ts";
import {
  blobsOf,
  parseModelManifest,
  statedModelSize,
  type ModelManifest,
} from "../../src/source/model-manifest.ts";
import {
  type StandInOptions,
  startOllamaStandIn,
} from "../support/ollama-stand-in/start-ollama-stand-in.ts";
import { freePort } from "./free-port.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { writeTinyModels } from "../support/tiny-models.ts";

interface StoredModel extends ExpectedModel {
  readonly manifest: ModelManifest;
  readonly manifestFile: string;
  /** The file of the blob of a kind: "model", "params" …, or "config". */
  readonly blob: (kind: string) => string;
}

test("a whole store is healthy: models that generate and one that embeds", async () => {
  const { report } = await checkStore({ noCloud: true });
  expect(report.checks.filter(({ result }) => result !== "ok")).toEqual([]);
  expect(report.isHealthy).toBe(true);
  expect(trials(report)).toEqual([
    ["generate", "tiny:latest", "generated 8 tokens", "CPU"],
    ["generate", "tiny:second", "generated 8 tokens", "CPU"],
    ["embed", "tiny-embed:latest", "embedded into 32 numbers", "CPU"],
  ]);
});

test("says when a GPU did it", async () => {
  const { report } = await checkStore({ gpu: true });
  expect(trials(report).map(([, , , processor]) => processor)).toEqual(["GPU", "GPU", "GPU"]);
});

test("a server that prunes for a while before it answers is waited for", async () => {
  await using directory = await temporaryDirectory();
  const store = directory.path;
  await writeTinyModels(store);
  const port = await freePort();
  const checking = checkServer(new URL(`http://127.0.0.1:${port}`), { isStarting: true });
  await using _server = await startOllamaStandIn({ models: store, startDelayMs: 200, port });
  const report = await checking;
  expect(report.isHealthy).toBe(true);
});

test("a model that does not fit into memory is a warning, and the others are still tried", async () => {
  const { report } = await checkStore({ memoryBytes: 100_000 });
  expect(report.isHealthy).toBe(true);
  expect(report.checks.filter(({ result }) => result === "warning")).toMatchObject([
    { check: "cloud" },
    { check: "generate", model: "tiny:latest", detail: expect.stringContaining("memory") },
    { check: "generate", model: "tiny:second" },
  ]);
});

test.each<{ what: string; damage: (model: StoredModel) => Promise<void>; says: RegExp }>([
  {
    what: "weights missing",
    damage: (model) => rm(model.blob("model")),
    says: /^its weights are missing or empty \(the server answered 400: .*does not support generate\); asked about it, the server answered 404: model 'tiny:latest' not found$/,
  },
  {
    what: "weights empty",
    damage: (model) => truncate(model.blob("model"), 0),
    says: /^its weights are missing or empty .* the server answered 500: EOF$/,
  },
  {
    what: "weights cut off by one byte",
    damage: async (model) => {
      const { length } = await readFile(model.blob("model"));
      await truncate(model.blob("model"), length - 1);
    },
    says: /^its weights are cut off \(the server answered 500: tensor .* exceeds file size/,
  },
  {
    what: "parameters missing",
    damage: (model) => rm(model.blob("params")),
    says: /^a file of it is missing .*404: model 'tiny:latest' not found/,
  },
])("$what: it is listed, and its trial fails with what that means", async (example) => {
  const { report } = await checkStore({}, ({ tiny }) => example.damage(tiny));
  expect(report.isHealthy).toBe(false);
  expect(report.checks).toContainEqual(
    expect.objectContaining({ check: "listed", model: "tiny:latest", result: "ok" }),
  );
  expect(report.checks).toContainEqual(
    expect.objectContaining({
      check: "generate",
      model: "tiny:latest",
      result: "failed",
      detail: expect.stringMatching(example.says),
    }),
  );
});

test("an embedding model without its weights fails by its name", async () => {
  const { report } = await checkStore({}, ({ embed }) => rm(embed.blob("model")));
  expect(report.checks).toContainEqual(
    expect.objectContaining({
      check: "embed",
      model: "tiny-embed:latest",
      result: "failed",
      detail: expect.stringMatching(/^a file of it is missing .*404/),
    }),
  );
});

test.each<{ what: string; damage: (model: StoredModel) => Promise<void>; says: RegExp }>([
  {
    what: "manifest missing",
    damage: (model) => rm(model.manifestFile),
    says: /^it is not listed: its manifest or config is missing .*404/,
  },
  {
    what: "config missing",
    damage: (model) => rm(model.blob("config")),
    says: /^it is not listed: its manifest or config is missing .*404/,
  },
  {
    what: "manifest cut off",
    damage: (model) => truncate(model.manifestFile, 100),
    says: /^it is not listed: its manifest, config or weights are cut off or empty \(the server answered 500: unexpected EOF\)/,
  },
  {
    what: "manifest with another byte at its end",
    damage: (model) => appendFile(model.manifestFile, "\n"),
    says: /^another model has this name: digest [0-9a-f]{12}, expected [0-9a-f]{12}$/,
  },
])("$what: the listing fails by its name, and the others pass", async (example) => {
  const { report } = await checkStore({ noCloud: true }, ({ tiny }) => example.damage(tiny));
  expect(report.checks.filter(({ result }) => result !== "ok")).toEqual([
    {
      check: "listed",
      model: "tiny:latest",
      result: "failed",
      detail: expect.stringMatching(example.says),
      milliseconds: expect.any(Number),
    },
  ]);
});

test("a link that leads nowhere hides every model, and that is what is said", async () => {
  const { report } = await checkStore({ noCloud: true }, ({ tiny }) =>
    symlink("nowhere", `${tiny.manifestFile}-link`),
  );
  expect(report.checks.at(-1)).toMatchObject({
    check: "list",
    result: "failed",
    detail: expect.stringMatching(/^a link in the store leads nowhere, and that hides every model/),
  });
});

test("changed weights pass: only hashing finds those", async () => {
  const { report } = await checkStore({}, async ({ tiny }) => {
    const weights = await readFile(tiny.blob("model"));
    weights.fill(0, weights.length - 40_000);
    await writeFile(tiny.blob("model"), weights);
  });
  expect(report.isHealthy).toBe(true);
});

interface Store {
  readonly tiny: StoredModel;
  readonly embed: StoredModel;
}

/** Serves the tiny models after `damage`, and checks them against what they were before. */
async function checkStore(
  settings: Omit<StandInOptions, "models">,
  damage: (store: Store) => Promise<void> = async () => {},
): Promise<{ report: HealthReport }> {
  await using directory = await temporaryDirectory();
  const store = directory.path;
  await writeTinyModels(store);
  const tiny = await storedModel(store, "tiny");
  const second = await storedModel(store, "tiny:second");
  const embed = await storedModel(store, "tiny-embed");
  await damage({ tiny, embed });
  await using server = await startOllamaStandIn({ models: store, ...settings });
  const models = [tiny, second, embed];
  return { report: await checkServer(new URL(server.url), { models }) };
}

async function storedModel(store: string, text: string): Promise<StoredModel> {
  const name = parseModelName(text);
  const manifestFile = join(store, manifestPath(name));
  const bytes = await readFile(manifestFile);
  const manifest = parseModelManifest(bytes, text);
  return {
    name: fullModelName(name),
    digest: sha256Hex(bytes),
    size: statedModelSize(manifest),
    capabilities: text === "tiny-embed" ? ["embedding"] : ["completion"],
    manifest,
    manifestFile,
    blob(kind) {
      const mediaType = `application/vnd.ollama.image.${kind}`;
      const found = blobsOf(manifest).find((blob) =>
        kind === "config" ? blob === manifest.config : blob.mediaType === mediaType,
      );
      return join(store, "blobs", `sha256-${found?.sha256}`);
    },
  };
}

function trials({ checks }: HealthReport): (string | undefined)[][] {
  return checks
    .filter(({ check }) => ["generate", "embed", "load"].includes(check))
    .map(({ check, model, detail, processor }) => [check, model, detail, processor]);
}

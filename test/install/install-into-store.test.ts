import { chmod, mkdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { BundleError, DefinitionError, HostError } from "../../src/core/errors.ts";
import { UnhealthyError } from "../../src/health/unhealthy-error.ts";
import { installBundle } from "../../src/install-bundle.ts";
import { failingSync } from "../support/failing-sync.ts";
import { startOllamaStandIn } from "../support/ollama-stand-in/start-ollama-stand-in.ts";
import { writeTinyModels } from "../support/tiny-models.ts";
import { storeHost } from "./store-host.ts";
import { treeOf } from "./store-tree.ts";
import { promised, writeTinyBundle } from "./tiny-bundle.ts";

/** A store as a server makes it. */
const EMPTY = { blobs: "755 not a file", manifests: "755 not a file" };

async function flip(path: string, offset: number): Promise<void> {
  const bytes = await readFile(path);
  bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset);
  await writeFile(path, bytes);
}

describe("installing into a store", () => {
  test("a running server serves every model with the digest that the bundle states", async () => {
    await using here = await storeHost();
    const bundle = await writeTinyBundle(here.path);
    const report = await installBundle({ bundle: bundle.path, ...here.options });

    expect(report.health?.isHealthy).toBe(true);
    expect(await here.tags()).toEqual(promised(bundle));
  });

  test("the receipt names what was written, and no journal is left", async () => {
    await using here = await storeHost();
    const bundle = await writeTinyBundle(here.path);
    const { receipt = "" } = await installBundle({ bundle: bundle.path, ...here.options });

    const written: unknown = JSON.parse(await readFile(receipt, "utf8"));
    expect(written).toMatchObject({
      schemaVersion: 1,
      bundle: { name: "tiny", id: bundle.id },
      modelsIn: "native",
      store: here.store,
      models: bundle.manifest.models.map(({ name, digest, size }) => ({ name, digest, size })),
      health: { url: here.server.url, processors: { "tiny:latest": "CPU" } },
    });
    const state = Object.keys(await treeOf(here.state));
    expect(state.filter((path) => path.endsWith(".json"))).toEqual([
      expect.stringMatching(/^ollama-bundle\/installations\/[0-9tz]+-[0-9a-f]{8}\/receipt\.json$/),
    ]);
    const blobs = new Set(bundle.manifest.models.flatMap((model) => model.blobs));
    expect((written as { blobs: { sha256: string }[] }).blobs.map(({ sha256 }) => sha256)).toEqual(
      [...blobs].toSorted(),
    );
  });

  test("--only installs these models and nothing of the others", async () => {
    await using here = await storeHost();
    const bundle = await writeTinyBundle(here.path);
    await installBundle({ bundle: bundle.path, ...here.options, only: ["tiny-embed"] });
    const paths = Object.keys(await treeOf(here.store)).filter((path) =>
      path.startsWith("manifests/"),
    );
    expect(paths.at(-1)).toBe("manifests/registry.ollama.ai/library/tiny-embed/latest");
    expect(paths.join()).not.toContain("library/tiny/");
  });

  test("--only refuses a model that the bundle does not have, and says which it has", async () => {
    await using here = await storeHost();
    const bundle = await writeTinyBundle(here.path);
    const refused = installBundle({ bundle: bundle.path, ...here.options, only: ["tiny:7b"] });
    await expect(refused).rejects.toThrow(DefinitionError);
    await expect(refused).rejects.toMatchObject({
      message: expect.stringContaining('"tiny:7b"'),
      hint: expect.stringContaining("tiny:latest, tiny:second"),
    });
  });

  test("models that are there stay, and blobs that are there are hashed and not written again", async () => {
    await using here = await storeHost();
    await writeTinyModels(here.store);
    const before = await treeOf(here.store);
    const bundle = await writeTinyBundle(here.path, { models: (name) => name === "tiny:latest" });
    const weights = bundle.manifest.models[0]?.blobs.at(0) ?? "";
    const { ino } = await stat(join(here.store, "blobs", `sha256-${weights}`));
    await installBundle({ bundle: bundle.path, ...here.options });
    expect(await treeOf(here.store)).toEqual(before);
    expect((await stat(join(here.store, "blobs", `sha256-${weights}`))).ino).toBe(ino);
  });

  test("a blob of the right name with wrong content is replaced (ollama#17520)", async () => {
    await using here = await storeHost();
    await writeTinyModels(here.store);
    const before = await treeOf(here.store);
    const damaged = Object.keys(before).find((path) => path.startsWith("blobs/sha256-")) ?? "";
    await flip(join(here.store, damaged), 0);
    const bundle = await writeTinyBundle(here.path);
    await installBundle({ bundle: bundle.path, ...here.options });
    expect(await treeOf(here.store)).toEqual(before);
  });

  test("new files have the store's mode", async () => {
    await using here = await storeHost();
    for (const name of ["blobs", "manifests"]) {
      await mkdir(join(here.store, name), { recursive: true });
      await chmod(join(here.store, name), 0o750);
    }
    const bundle = await writeTinyBundle(here.path);
    await installBundle({ bundle: bundle.path, ...here.options });
    const modes = Object.values(await treeOf(here.store)).map((entry) => entry.slice(0, 3));
    expect(new Set(modes)).toEqual(new Set(["750", "640"]));
  });
});

describe("an installation into a store that fails", () => {
  test("a bundle that is damaged in a model leaves the store as it was", async () => {
    await using here = await storeHost();
    await writeTinyModels(here.store);
    const before = await treeOf(here.store);
    const bundle = await writeTinyBundle(here.path, { bigSize: 20_000_000 });
    await flip(bundle.path, bundle.size - 10_000_000);
    const refused = installBundle({ bundle: bundle.path, ...here.options });
    await expect(refused).rejects.toThrow(BundleError);
    await expect(refused).rejects.toThrow(
      /"models\/blobs\/sha256-[0-9a-f]+" of \S+big:latest is damaged \(bytes [0-9,]+ to [0-9,]+\)/,
    );
    expect(await treeOf(here.store)).toEqual(before);
    expect(Object.keys(await treeOf(here.state)).filter((path) => path.endsWith(".json"))).toEqual(
      [],
    );
  });

  test("a bundle that is damaged where no model is, is found before any model is listed", async () => {
    await using here = await storeHost();
    const bundle = await writeTinyBundle(here.path);
    await flip(bundle.path, (await readFile(bundle.path)).indexOf("tiny/MODELS.txt"));
    await expect(installBundle({ bundle: bundle.path, ...here.options })).rejects.toThrow(
      'header of "MODELS.txt" is damaged',
    );
    expect(await treeOf(here.store)).toEqual(EMPTY);
  });

  test("a server that serves another store: everything is undone, replaced manifests are as they were", async () => {
    await using here = await storeHost();
    const other = join(here.path, "other");
    await writeTinyModels(other);
    const tag = join(other, "manifests/registry.ollama.ai/library/tiny/latest");
    await writeFile(tag, '{"schemaVersion":2,"layers":[]}');
    const before = await treeOf(other);
    const bundle = await writeTinyBundle(here.path, { bigSize: 9_000_000 });
    const refused = installBundle({ bundle: bundle.path, ...here.options, store: other });
    await expect(refused).rejects.toThrow(UnhealthyError);
    await expect(refused).rejects.toMatchObject({
      exitCode: 6,
      hint: expect.stringContaining("OLLAMA_MODELS"),
    });
    expect(await treeOf(other)).toEqual(before);
  });

  test("a server that has the same models from another store is told from one that uses this store", async () => {
    await using here = await storeHost();
    const other = join(here.path, "other");
    await mkdir(other);
    const bundle = await writeTinyBundle(here.path);
    await installBundle({ bundle: bundle.path, ...here.options });
    await expect(
      installBundle({ bundle: bundle.path, ...here.options, store: other }),
    ).rejects.toMatchObject({
      name: "UnhealthyError",
      message: expect.stringContaining("the server has it from elsewhere"),
      hint: expect.stringContaining("OLLAMA_MODELS"),
    });
    expect(await treeOf(other)).toEqual({});
  });

  test("--keep-on-failure leaves the models there, and the journal by which they can be taken back", async () => {
    await using here = await storeHost();
    const other = join(here.path, "other");
    await mkdir(other);
    const bundle = await writeTinyBundle(here.path);
    const refused = installBundle({
      bundle: bundle.path,
      ...here.options,
      store: other,
      keepOnFailure: true,
    });
    await expect(refused).rejects.toThrow(UnhealthyError);
    expect(Object.keys(await treeOf(other))).toContain(
      "manifests/registry.ollama.ai/library/tiny/second",
    );
    expect(Object.keys(await treeOf(here.state)).join()).toContain("journal.json");
  });

  test("no server at the address: refused before anything is copied", async () => {
    await using here = await storeHost();
    const bundle = await writeTinyBundle(here.path);
    const gone = await startOllamaStandIn({ models: here.store });
    await gone[Symbol.asyncDispose]();
    const refused = installBundle({ bundle: bundle.path, ...here.options, ollamaUrl: gone.url });
    await expect(refused).rejects.toMatchObject({
      exitCode: 6,
      hint: expect.stringContaining("--ollama-url"),
    });
    expect(await treeOf(here.store)).toEqual(EMPTY);
  });

  test("a blob that the disk lost does not get its name", async () => {
    await using here = await storeHost();
    const bundle = await writeTinyBundle(here.path);
    using _disk = await failingSync(/\/sha256-[0-9a-f]{64}$/);
    const failed = installBundle({ bundle: bundle.path, ...here.options });
    await expect(failed).rejects.toMatchObject({
      code: "IO",
      message: expect.stringContaining("EIO"),
    });
    expect(await treeOf(here.store)).toEqual(EMPTY);
  });

  test("an abort ends it with the abort's reason, and undoes it", async () => {
    await using here = await storeHost();
    const bundle = await writeTinyBundle(here.path, { bigSize: 40_000_000 });
    const abort = new AbortController();
    const reason = new Error("stopped by the user");
    const stopped = installBundle({
      bundle: bundle.path,
      ...here.options,
      signal: abort.signal,
      onProgress: (event) =>
        event.kind === "bytes" && event.item === "models" && abort.abort(reason),
    });
    await expect(stopped).rejects.toBe(reason);
    expect(await treeOf(here.store)).toEqual(EMPTY);
  });
});

describe("what is refused before anything changes", () => {
  test("a store whose blobs directory is a link to elsewhere", async () => {
    await using here = await storeHost();
    const elsewhere = join(here.path, "elsewhere");
    await mkdir(elsewhere);
    await rm(join(here.store, "blobs"), { recursive: true, force: true });
    await symlink(elsewhere, join(here.store, "blobs"));
    const bundle = await writeTinyBundle(here.path);
    const refused = installBundle({ bundle: bundle.path, ...here.options });
    await expect(refused).rejects.toThrow(HostError);
    await expect(refused).rejects.toThrow(`"${here.store}/blobs": it is a link to "${elsewhere}"`);
    expect(await treeOf(elsewhere)).toEqual({});
  });

  test("a link to elsewhere deeper down is not followed either", async () => {
    await using here = await storeHost();
    const elsewhere = join(here.path, "elsewhere");
    await mkdir(elsewhere);
    await mkdir(join(here.store, "manifests"), { recursive: true });
    await symlink(elsewhere, join(here.store, "manifests/registry.ollama.ai"));
    const before = await treeOf(here.store);
    const bundle = await writeTinyBundle(here.path);
    await expect(installBundle({ bundle: bundle.path, ...here.options })).rejects.toThrow(
      "it is a link to",
    );
    expect(await treeOf(elsewhere)).toEqual({});
    expect(await treeOf(here.store)).toEqual(before);
  });

  test("a store in a directory that is not there, or that is a file", async () => {
    await using here = await storeHost();
    const bundle = await writeTinyBundle(here.path);
    const missing = join(here.path, "nowhere/models");
    const install = (store: string) =>
      installBundle({ bundle: bundle.path, ...here.options, store });
    await expect(install(missing)).rejects.toThrow(
      `there is no directory "${join(here.path, "nowhere")}"`,
    );
    await expect(install(bundle.path)).rejects.toThrow("it is not a directory");
  });

  test("a bundle without models", async () => {
    await using here = await storeHost();
    const bundle = await writeTinyBundle(here.path, { name: "ported", models: () => false });
    await expect(installBundle({ bundle: bundle.path, ...here.options })).rejects.toMatchObject({
      code: "UNSUITABLE",
      message: expect.stringContaining("no models"),
    });
  });

  test("a store without native", async () => {
    await expect(installBundle({ bundle: "x", store: "y" })).rejects.toMatchObject({
      code: "USAGE",
    });
  });

  test("a dry run tells the plan and changes nothing", async () => {
    await using here = await storeHost();
    const bundle = await writeTinyBundle(here.path);
    const { plan, receipt } = await installBundle({
      bundle: bundle.path,
      ...here.options,
      dryRun: true,
    });
    expect(receipt).toBeUndefined();
    expect(plan).toMatchObject({
      modelsIn: "native",
      names: { store: here.store },
      bundle: { id: bundle.id },
    });
    const blobs = bundle.manifest.files.filter(({ path }) => path.startsWith("models/blobs/"));
    const bytes = blobs.reduce((sum, { size }) => sum + size, 0);
    expect(plan.space).toMatchObject([{ what: "models store", path: here.store, needed: bytes }]);
    expect(await treeOf(here.store)).toEqual(EMPTY);
    await expect(stat(here.state)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

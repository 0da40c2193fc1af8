import { existsSync } from "node:fs";
import { mkdir, open, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startOllamaStandIn } from "../support/ollama-stand-in/start-ollama-stand-in.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { writeTinyModels } from "../support/tiny-models.ts";
import { type RunOptions, runBundle } from "./run-bundle.ts";

test("installs into the store of an Ollama on this host, and proves that it serves", async () => {
  await using site = await siteWithBundle();
  const { exitCode, stdout, stderr } = await site.install([]);
  expect(exitCode).toBe(0);
  expect(stderr).toMatch(/^Plan: bundle bundle [0-9a-f]{12} for linux\/\w+, models in native$/m);
  expect(stdout).toMatch(/^generate +tiny:latest +ok .* generated 8 tokens on CPU$/m);
  expect(stdout).toMatch(/^Installed: bundle bundle [0-9a-f]{12}, serving at http:/m);
  const receipt = /^ +receipt +(.*)$/m.exec(stdout)?.[1] ?? "";
  expect(JSON.parse(await readFile(receipt, "utf8"))).toMatchObject({ modelsIn: "native" });
});

test("--json is one document: plan, health, receipt and warnings", async () => {
  await using site = await siteWithBundle();
  const { stdout } = await site.install(["--json", "--only", "tiny"]);
  expect(JSON.parse(stdout)).toMatchObject({
    plan: { models: [{ name: "registry.ollama.ai/library/tiny:latest" }] },
    health: { isHealthy: true },
    receipt: expect.any(String),
    warnings: expect.any(Array),
  });
});

test.runIf(existsSync("/dev/full"))(
  "a full disk behind stdout fails, and does not hide that everything is installed",
  async () => {
    await using site = await siteWithBundle();
    await using full = await open("/dev/full", "w");
    const { exitCode, stderr } = await site.install(["--only", "tiny"], { stdoutTo: full });
    expect(exitCode).toBe(7);
    expect(stderr).toMatch(/^warning: The work is done and stays: only its report is lost$/m);
    expect(stderr).toMatch(/^error: Cannot write the output: ENOSPC/m);
    expect(await readdir(site.store)).toContain("manifests");
    await site.stopServer();
    const failed = await site.install([], { stdoutTo: full });
    expect(failed.exitCode).toBe(6);
    expect(failed.stderr).not.toContain("The work is done");
  },
);

test("--dry-run prints the plan on stdout and changes nothing", async () => {
  await using site = await siteWithBundle();
  const { exitCode, stdout } = await site.install(["--dry-run"]);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^Plan: bundle bundle /);
  expect(await readdir(site.store)).toEqual(site.emptyStore);
});

test("no server at --ollama-url: exit code 6, the checks as a table, and nothing is left", async () => {
  await using site = await siteWithBundle();
  await site.stopServer();
  const { exitCode, stdout, stderr } = await site.install([]);
  expect(exitCode).toBe(6);
  expect(stdout).toMatch(/^server +FAILED .*ECONNREFUSED/m);
  expect(stderr).toMatch(/^hint: .*--ollama-url/m);
  expect(await readdir(site.store)).toEqual(site.emptyStore);
  const json = await site.install(["--json"]);
  expect(JSON.parse(json.stdout)).toMatchObject({
    health: { isHealthy: false },
    error: { code: "NOT_HEALTHY" },
  });
});

test.each([
  {
    args: ["bundle.tar.gz", "--models-in", "moon"],
    says: "expected image, volume, dir:PATH or native",
  },
  {
    args: ["bundle.tar.gz", "--volume", "models"],
    says: "Cannot use --volume with --models-in image: it is for --models-in volume",
  },
  { args: [], says: "missing required argument 'file'" },
])("$args is a usage error", async ({ args, says }) => {
  await using directory = await temporaryDirectory();
  const { exitCode, stderr } = await runBundle(["install", ...args], { cwd: directory.path });
  expect(exitCode).toBe(2);
  expect(stderr).toContain(says);
});

test("a damaged bundle is refused by its exit code, with its findings for machines", async () => {
  await using site = await siteWithBundle();
  const bytes = await readFile(site.bundle);
  bytes.writeUInt8(bytes.readUInt8(5) ^ 1, 5);
  await writeFile(site.bundle, bytes);
  const { exitCode, stdout } = await site.install(["--json"]);
  expect(exitCode).toBe(4);
  expect(JSON.parse(stdout)).toMatchObject({
    findings: [expect.objectContaining({ start: expect.any(Number) })],
    error: { code: "DAMAGED" },
  });
  expect(await readdir(site.store)).toEqual(site.emptyStore);
});

/** A bundle of two models, an empty store, and a server for that. */
async function siteWithBundle() {
  const directory = await temporaryDirectory();
  const at = (name: string) => join(directory.path, name);
  await writeTinyModels(at("source"));
  const from = [
    "--from-store",
    at("source"),
    "--staging",
    at("staging"),
    "-o",
    at("bundle.tar.gz"),
  ];
  const created = await runBundle([
    "create",
    "--models",
    "tiny,tiny-embed",
    "--image",
    "none",
    ...from,
  ]);
  if (created.exitCode !== 0) throw new Error(created.stderr);
  await mkdir(at("store"));
  const server = await startOllamaStandIn({ models: at("store") });
  const into = ["--models-in", "native", "--store", at("store"), "--ollama-url", server.url];
  let isServing = true;
  return {
    bundle: at("bundle.tar.gz"),
    store: at("store"),
    emptyStore: await readdir(at("store")),
    async stopServer() {
      isServing = false;
      await server[Symbol.asyncDispose]();
    },
    install: (args: readonly string[], options: RunOptions = {}) =>
      runBundle(["install", at("bundle.tar.gz"), ...into, ...args], {
        env: { XDG_STATE_HOME: at("state") },
        ...options,
      }),
    async [Symbol.asyncDispose]() {
      if (isServing) await server[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { smallContents, writeSmallBundle } from "../support/small-bundle.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { writeModel } from "../support/tiny-models.ts";
import { runBundle } from "./run-bundle.ts";

test("lists images, models and files, and says what the bundle is called", async () => {
  await using bundle = await smallBundle();
  const { exitCode, stdout, stderr } = await runBundle(["inspect", bundle.path]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout).toMatch(new RegExp(`^bundle small ${bundle.id.slice(0, 12)}, linux/amd64\n`));
  expect(stdout).toMatch(/^docker\.io\/ollama\/ollama:0\.24\.0 +ollama +0\.24\.0 +[0-9a-f]{12}$/m);
  expect(stdout).toMatch(
    /^registry\.ollama\.ai\/library\/tiny:latest +[0-9a-f]{12} +8\.5 MB .* MIT$/m,
  );
  expect(stdout).toMatch(/^Dockerfile\.models +[\d,]+$/m);
});

test("--json is the same for machines", async () => {
  await using bundle = await smallBundle();
  const { stdout } = await runBundle(["inspect", "--json", bundle.path]);
  expect(JSON.parse(stdout)).toMatchObject({
    name: "small",
    id: bundle.id,
    size: bundle.size,
    images: [{ reference: "docker.io/ollama/ollama:0.24.0" }],
    models: [{ name: "registry.ollama.ai/library/tiny:latest" }],
  });
});

test("what a bundle says never reaches the terminal raw", async () => {
  await using directory = await temporaryDirectory();
  await using pool = new ChunkPool();
  const contents = await smallContents(directory.path);
  const [model] = contents.models;
  if (model === undefined) throw new Error("the small bundle has a model");
  const licenses = ["MIT\u001b]0;owned\u0007\u202e"];
  const hostile = { ...model, facts: { ...model.facts, licenses } };
  const { path } = await writeSmallBundle(directory.path, pool, { ...contents, models: [hostile] });
  const { stdout } = await runBundle(["inspect", path]);
  expect(stdout).toContain("MIT\\x1b]0;owned\\x07\\u202e");
});

test("--licenses prints the licences in full, and never raw", async () => {
  await using directory = await temporaryDirectory();
  const at = (name: string) => join(directory.path, name);
  await writeModel(at("store"), {
    name: "tiny",
    license: "MIT\nsecond line\u001b]0;owned\u0007\n",
  });
  const from = ["--from-store", at("store"), "--staging", at("staging"), "-o", at("bundle.tar.gz")];
  await runBundle(["create", "--models", "tiny", "--image", "none", ...from]);
  const { stdout } = await runBundle(["inspect", "--licenses", at("bundle.tar.gz")]);
  expect(stdout).toMatch(
    /\nLicence of registry\.ollama\.ai\/library\/tiny:latest:\n\nMIT\nsecond line\\x1b\]0;owned\\x07\n$/,
  );
});

test("a reader that goes away is no error", async () => {
  await using bundle = await smallBundle();
  const command = `"$0" src/main.ts inspect "$1" | true; exit "\${PIPESTATUS[0]}"`;
  const child = spawn("bash", ["-c", command, process.execPath, bundle.path], { stdio: "pipe" });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  const [exitCode] = await once(child, "close");
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
});

async function smallBundle() {
  const directory = await temporaryDirectory();
  await using pool = new ChunkPool();
  const written = await writeSmallBundle(directory.path, pool);
  return { ...written, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

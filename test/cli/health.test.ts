import { expect, test } from "vitest";
import { freePort } from "../health/free-port.ts";
import { scriptedOllama } from "../health/scripted-ollama.ts";
import { startOllamaStandIn } from "../support/ollama-stand-in/start-ollama-stand-in.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { writeTinyModels } from "../support/tiny-models.ts";
import { runBundle } from "./run-bundle.ts";

test("a healthy server: a table on stdout and exit code 0", async () => {
  await using store = await storeWithTinyModels();
  await using server = await startOllamaStandIn({ models: store.path, noCloud: true });
  const { exitCode, stdout, stderr } = await runBundle(["health", "--url", server.url]);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^CHECK +MODEL +RESULT +TIME +FOUND\nserver +ok /);
  expect(stdout).toMatch(/^generate +tiny:latest +ok +\d.* generated 8 tokens on CPU$/m);
  expect(stderr).toContain(`Waiting for Ollama at ${server.url}\n`);
});

test("--json is the report and nothing else", async () => {
  await using store = await storeWithTinyModels();
  await using server = await startOllamaStandIn({ models: store.path });
  const { exitCode, stdout } = await runBundle(["health", "--json", "--url", server.url]);
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ url: server.url, isHealthy: true, version: "0.24.0" });
});

test("an unhealthy server: exit code 6, the table, and an error that names the first failed check", async () => {
  const error = 'tensor "blk.0" offset+size (96800) exceeds file size (94000)';
  await using ollama = await scriptedOllama({
    "POST /api/generate": () => ({ status: 500, body: { error } }),
  });
  const { exitCode, stdout, stderr } = await runBundle(["health", "--url", ollama.url.href]);
  expect(exitCode).toBe(6);
  expect(stdout).toMatch(/^generate +tiny:latest +FAILED .* its weights are cut off/m);
  expect(stderr).toContain(
    `error: Ollama at ${ollama.url.origin} is not healthy: check "generate" of "tiny:latest": its weights are cut off`,
  );
  const json = await runBundle(["health", "--json", "--url", ollama.url.href]);
  expect(JSON.parse(json.stdout)).toMatchObject({
    isHealthy: false,
    error: { code: "NOT_HEALTHY", hint: expect.any(String) },
  });
});

test("never asks through a proxy, whatever the environment says", async () => {
  await using ollama = await scriptedOllama();
  const dead = `http://127.0.0.1:${await freePort()}`;
  const { exitCode } = await runBundle(["health", "--url", ollama.url.href], {
    env: { NODE_USE_ENV_PROXY: "1", HTTP_PROXY: dead, http_proxy: dead, ALL_PROXY: dead },
  });
  expect(exitCode).toBe(0);
});

test("no server: exit code 6 at once, saying what to do", async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const { exitCode, stderr } = await runBundle(["health", "--url", url]);
  expect(exitCode).toBe(6);
  expect(stderr).toContain("ECONNREFUSED");
  expect(stderr).toContain("hint: Check that Ollama runs");
});

test("an address that is none is a usage error", async () => {
  const { exitCode, stderr } = await runBundle(["health", "--url", "ftp://somewhere"]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(`Cannot read the server's address "ftp://somewhere"`);
});

test("what a server says never reaches the terminal raw", async () => {
  await using ollama = await scriptedOllama({
    "GET /api/version": () => ({ body: { version: "\u001b]0;owned\u0007\u009b2J\u202e1.0" } }),
  });
  const { stdout } = await runBundle(["health", "--url", ollama.url.href]);
  expect(stdout).toContain("Ollama \\x1b]0;owned\\x07\\x9b2J\\u202e1.0");
  const json = await runBundle(["health", "--json", "--url", ollama.url.href]);
  expect(json.stdout).toContain("\\u001b]0;owned\\u0007\\u009b2J\\u202e1.0");
});

test("SIGINT ends it with exit code 130", async () => {
  const { promise: trying, resolve } = Promise.withResolvers<void>();
  await using ollama = await scriptedOllama({
    "POST /api/generate": () => {
      resolve();
      return "silence";
    },
  });
  const args = ["health", "--url", ollama.url.href];
  const ended = await runBundle(args, { interruptWhen: trying });
  expect(ended).toMatchObject({ exitCode: 130, stdout: "" });
  expect(ended.stderr).toMatch(/^error: Interrupted$/m);
});

async function storeWithTinyModels() {
  const directory = await temporaryDirectory();
  await writeTinyModels(directory.path);
  return directory;
}

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtempDisposable, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { describe, expect, test } from "vitest";
import { type ModelRegistryOptions, startModelRegistry } from "../support/model-registry.ts";
import {
  type StandInOptions,
  startOllamaStandIn,
} from "../support/ollama-stand-in/start-ollama-stand-in.ts";
import { writeModel, writeTinyModels } from "../support/tiny-models.ts";

const SMOKE = { model: "tiny", prompt: "Reply with OK", stream: false };

describe("the stand-in", () => {
  test("says the same to the same question, and something else with other weights", async () => {
    await using server = await start({});
    const said = async () => (await server.ask("/api/generate", SMOKE)).body.response;
    const first = await said();
    expect(first).not.toBe("");
    expect(await said()).toBe(first);
    await writeModel(server.store, { name: "tiny", seed: 99, system: "You are a test." });
    expect(await said()).not.toBe(first);
  });

  test("refuses a model that is too large for the memory it is given, in Ollama's words", async () => {
    await using server = await start({ memoryBytes: 100_000 });
    expect(await server.ask("/api/generate", SMOKE)).toEqual({
      status: 500,
      body: {
        error: "model requires more system memory (0.0 GiB) than is available (0.0 GiB)",
      },
    });
    const embed = { model: "tiny-embed", input: "x" };
    expect(await server.ask("/api/embed", embed)).toMatchObject({ status: 200 });
  });

  test("loads on a GPU when told to", async () => {
    await using server = await start({ gpu: true });
    await server.ask("/api/generate", SMOKE);
    const [loaded] = (await server.ask("/api/ps")).body.models;
    expect(loaded.size_vram).toBe(loaded.size);
  });

  test("is of the version that it is told", async () => {
    await using server = await start({ version: "0.99.1" });
    expect((await server.ask("/api/version")).body).toEqual({ version: "0.99.1" });
    expect(server.requests).toEqual(["GET /api/version"]);
  });

  test("lists a cloud stub and a model of tensors, and runs neither", async () => {
    await using server = await start({});
    const remote = { host: "https://ollama.com:443", model: "stub" };
    await writeModel(server.store, { name: "stub", remote });
    await writeModel(server.store, { name: "tensors", tensors: 20 });
    const { models } = (await server.ask("/api/tags")).body;
    for (const name of ["stub:latest", "tensors:latest"]) {
      expect(models).toContainEqual(expect.objectContaining({ name }));
    }
    for (const model of ["stub", "tensors"]) {
      expect(await server.ask("/api/generate", { ...SMOKE, model })).toMatchObject({ status: 400 });
    }
  });

  test("pulls a large blob in parts of 100 MB, and goes on where a part was cut", async () => {
    await using registry = await startRegistry({
      faults: [
        {
          on: { kind: "blob", method: "GET" },
          effect: { type: "cut", afterBytes: 5_000_000 },
          // The first one only asks where the bytes are.
          skip: 1,
          times: 2,
        },
      ],
    });
    await using server = await start({});
    const model = `${registry.host}/library/big`;
    const answer = await server.ask("/api/pull", { model, insecure: true, stream: false });
    expect(answer).toEqual({ status: 200, body: { status: "success" } });
    const file = path.join(server.store, "blobs", registry.weights.replace(":", "-"));
    expect(await digestOf(file)).toBe(registry.weights);
    const ranges = registry.requests.flatMap(({ range, path: asked }) =>
      range !== undefined && asked.endsWith(registry.weights) ? [range] : [],
    );
    const end = registry.weightsSize - 1;
    const whole = ["bytes=0-99999999", "bytes=100000000-199999999", `bytes=200000000-${end}`];
    expect(ranges).toEqual(expect.arrayContaining(whole));
    const resumed = ranges.filter((range) => !whole.includes(range));
    expect(resumed).toHaveLength(2);
    for (const range of resumed) {
      const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
      expect(Number(last) - Number(first)).toBeLessThan(99_999_999);
      expect(Number(last) - Number(first)).toBeGreaterThanOrEqual(94_999_999);
    }
  });
});

async function start(options: Partial<StandInOptions>) {
  await using stack = new AsyncDisposableStack();
  const store = stack.use(await mkdtempDisposable(path.join(tmpdir(), "ollama-stand-in-")));
  await writeTinyModels(store.path);
  const server = stack.use(await startOllamaStandIn({ models: store.path, ...options }));
  const running = stack.move();
  return {
    store: store.path,
    requests: server.requests,
    async ask(target: string, body?: object) {
      const request = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
      const response = await fetch(server.url + target, request);
      return { status: response.status, body: JSON.parse(await response.text()) };
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function startRegistry(options: Partial<ModelRegistryOptions>) {
  await using stack = new AsyncDisposableStack();
  const store = stack.use(await mkdtempDisposable(path.join(tmpdir(), "ollama-stand-in-")));
  const { files } = await writeModel(store.path, { name: "big", size: 210_000_000 });
  const registry = stack.use(await startModelRegistry({ store: store.path, ...options }));
  const weights = files[1];
  const { size } = await stat(path.join(store.path, weights?.path ?? ""));
  const running = stack.move();
  return {
    host: registry.host,
    requests: registry.requests,
    weights: `sha256:${weights?.sha256}`,
    weightsSize: size,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return `sha256:${hash.digest("hex")}`;
}

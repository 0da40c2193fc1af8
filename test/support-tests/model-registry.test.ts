import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempDisposable, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline/promises";
import { describe, expect, test } from "vitest";
import {
  type Fault,
  type ModelRegistryOptions,
  startModelRegistry,
} from "../support/model-registry.ts";
import { writeModel, writeTinyModels } from "../support/tiny-models.ts";

const DOCKER_V2 = "application/vnd.docker.distribution.manifest.v2+json";
const WEIGHTS = "sha256:0534f0df42e6d5a22c419ce1e006a0ee51262d210f865c4d84f8d8a5fb89a83c";
const WEIGHTS_BYTES = 140_832;
const WEIGHTS_PATH = `/v2/library/tiny/blobs/${WEIGHTS}`;
const MANIFEST_PATH = "/v2/library/tiny/manifests/latest";

describe("the model registry", () => {
  test("logs what was asked and what was really sent", async () => {
    await using fixture = await start();
    await fixture.get(WEIGHTS_PATH, { Range: "bytes=10-19" });
    expect(fixture.registry.requests).toMatchObject([
      { kind: "blob", method: "GET", path: WEIGHTS_PATH, range: "bytes=10-19", bodyBytes: 10 },
    ]);
    expect(fixture.registry.requests[0]).toMatchObject({ status: 206, outcome: "complete" });
  });

  test("cuts the socket after the bytes asked for, so many times", async () => {
    const effect = { type: "cut", afterBytes: 1000 } as const;
    await using fixture = await start({ faults: [{ on: { kind: "blob" }, effect, times: 1 }] });
    expect(await fixture.get(WEIGHTS_PATH)).toMatchObject({
      status: 200,
      bytes: 1000,
      whole: false,
    });
    expect(await fixture.get(WEIGHTS_PATH)).toMatchObject({ bytes: WEIGHTS_BYTES, whole: true });
    expect(fixture.registry.requests[0]).toMatchObject({ bodyBytes: 1000, outcome: "cut" });
    expect(fixture.registry.faultCounts).toEqual([1]);
  });

  test("sends a wrong byte only where it is told to", async () => {
    const effect = { type: "flip", offset: 70_000 } as const;
    await using fixture = await start({ faults: [{ on: { kind: "blob" }, effect }] });
    const whole = await fixture.get(WEIGHTS_PATH);
    const right = await readFile(fixture.blob(WEIGHTS));
    expect(differences(whole.body, right)).toEqual([70_000]);
    const range = await fixture.get(WEIGHTS_PATH, { Range: "bytes=69000-" });
    expect(differences(range.body, right.subarray(69_000))).toEqual([1000]);
    const before = await fixture.get(WEIGHTS_PATH, { Range: "bytes=0-69999" });
    expect(differences(before.body, right.subarray(0, 70_000))).toEqual([]);
  });

  test.each([429, 503])("answers %i in place of the content", async (status) => {
    const effect = { type: "status", status, headers: { "Retry-After": "3" }, body: "no" } as const;
    await using fixture = await start({ faults: [{ on: { kind: "manifest" }, effect, times: 1 }] });
    const refused = await fixture.get(MANIFEST_PATH, { Accept: DOCKER_V2 });
    expect(refused).toMatchObject({ status, body: Buffer.from("no") });
    expect(refused.headers.get("retry-after")).toBe("3");
    expect(await fixture.get(MANIFEST_PATH, { Accept: DOCKER_V2 })).toMatchObject({ status: 200 });
  });

  test.each<Fault["effect"]>([{ type: "stall", afterBytes: 500 }, { type: "no-answer" }])(
    "stays silent and open: $type",
    async (effect) => {
      await using fixture = await start({ faults: [{ on: { path: WEIGHTS }, effect }] });
      const abort = new AbortController();
      const asked = fetch(fixture.registry.url + WEIGHTS_PATH, { signal: abort.signal });
      const read = asked.then((response) => response.arrayBuffer());
      const sent = effect.type === "stall" ? 500 : 0;
      await fixture.registry.until(([request]) => request?.bodyBytes === sent);
      abort.abort();
      await expect(read).rejects.toThrow("abort");
      await fixture.registry.until(([request]) => request?.outcome === "closed by client");
    },
  );

  test("ignores a range when told to", async () => {
    const effect = { type: "ignore-range" } as const;
    await using fixture = await start({ faults: [{ on: { kind: "blob" }, effect }] });
    const answer = await fixture.get(WEIGHTS_PATH, { Range: "bytes=10-19" });
    expect(answer).toMatchObject({ status: 200, bytes: WEIGHTS_BYTES });
  });

  test("states a wrong length when told to", async () => {
    const effect = { type: "content-length", add: 7 } as const;
    await using fixture = await start({ faults: [{ on: { kind: "blob" }, effect }] });
    const answer = await fixture.get(WEIGHTS_PATH);
    expect(answer.headers.get("content-length")).toBe(String(WEIGHTS_BYTES + 7));
    expect(answer).toMatchObject({ bytes: WEIGHTS_BYTES, whole: false });
  });

  test("harms the same share of requests with the same seed", async () => {
    const outcomes = async (seed: number) => {
      const effect = { type: "cut", afterBytes: "random" } as const;
      const faults = [{ on: { kind: "blob" }, effect, share: 0.3 } as const];
      await using fixture = await start({ faults, seed });
      const sizes: number[] = [];
      for (let i = 0; i < 40; i += 1) sizes.push((await fixture.get(WEIGHTS_PATH)).bytes);
      expect(fixture.registry.faultCounts[0]).toBeGreaterThan(4);
      expect(fixture.registry.faultCounts[0]).toBeLessThan(20);
      return sizes;
    };
    const first = await outcomes(1);
    expect(await outcomes(1)).toEqual(first);
    expect(await outcomes(2)).not.toEqual(first);
  });

  test("lets a tag change between two requests", async () => {
    const effect = { type: "other-tag", tag: "second" } as const;
    const faults = [{ on: { kind: "manifest", path: "latest" }, effect, skip: 1 } as const];
    await using fixture = await start({ faults });
    const digest = async () =>
      sha256((await fixture.get(MANIFEST_PATH, { Accept: DOCKER_V2 })).body).slice(0, 8);
    expect([await digest(), await digest(), await digest()]).toEqual([
      "8edad6f0",
      "f3d8e90a",
      "f3d8e90a",
    ]);
  });

  test("tells an old Ollama to be newer, and lets a newer one through", async () => {
    await using fixture = await start({ minimumOllama: "0.24.0" });
    const asked = (version: string) =>
      fixture.get(MANIFEST_PATH, { Accept: DOCKER_V2, "User-Agent": `ollama/${version} (amd64)` });
    const refused = await asked("0.9.12");
    expect(refused.status).toBe(412);
    expect(refused.body.toString()).toContain("requires a newer version of Ollama");
    expect(await asked("0.24.0")).toMatchObject({ status: 200 });
    expect(await asked("0.100.0")).toMatchObject({ status: 200 });
  });

  test("wants a token for that repository, and another one when it is used up", async () => {
    await using fixture = await start({ token: { usesPerToken: 2 } });
    await writeModel(fixture.store, { name: "other" });
    const refused = await fixture.get(MANIFEST_PATH, { Accept: DOCKER_V2 });
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toContain(
      'scope="repository:library/tiny:pull"',
    );
    const token = await fixture.token("repository:library/tiny:pull");
    const ask = async (target: string) =>
      (await fixture.get(target, { Accept: DOCKER_V2, Authorization: `Bearer ${token}` })).status;
    expect(await ask("/v2/library/other/manifests/latest")).toBe(401);
    expect([await ask(MANIFEST_PATH), await ask(WEIGHTS_PATH), await ask(WEIGHTS_PATH)]).toEqual([
      200, 200, 401,
    ]);
  });

  test("redirects blobs to storage under another host name", async () => {
    await using fixture = await start({ blobs: "redirect" });
    const answer = await fixture.get(WEIGHTS_PATH, { Range: "bytes=0-9" });
    expect(answer).toMatchObject({ status: 206, bytes: 10 });
    expect(fixture.registry.requests).toMatchObject([
      { kind: "blob", status: 307 },
      { kind: "storage", status: 206 },
    ]);
    expect(new URL(answer.url).hostname).not.toBe(new URL(fixture.registry.url).hostname);
  });

  test("serves as a program and prints each request", async () => {
    await using store = await temporaryStore();
    await writeTinyModels(store.path);
    const main = path.join(import.meta.dirname, "../support/model-registry/main.ts");
    const child = spawn(process.execPath, [main, "--store", store.path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
      const url = (await lines.next()).value;
      expect((await fetch(url + WEIGHTS_PATH, { method: "HEAD" })).status).toBe(200);
      expect(JSON.parse((await lines.next()).value ?? "")).toMatchObject({
        method: "HEAD",
        status: 200,
      });
    } finally {
      child.kill("SIGTERM");
      expect(await once(child, "exit")).toEqual([0, null]);
    }
  });
});

async function start(options: Partial<ModelRegistryOptions> = {}) {
  await using fixture = new AsyncDisposableStack();
  const { path: store } = fixture.use(await temporaryStore());
  await writeTinyModels(store);
  const registry = fixture.use(await startModelRegistry({ store, ...options }));
  const running = fixture.move();
  return {
    store,
    registry,
    blob: (digest: string) => path.join(store, "blobs", digest.replace(":", "-")),
    get: (target: string, headers: Record<string, string> = {}) =>
      get(registry.url + target, headers),
    async token(scope: string): Promise<string> {
      const url = `${registry.url}/token?service=registry.example&scope=${scope}`;
      return JSON.parse((await get(url, {})).body.toString()).token;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function temporaryStore() {
  return mkdtempDisposable(path.join(tmpdir(), "model-registry-"));
}

async function get(address: string, headers: Record<string, string>) {
  const { status, headers: answered, body, url } = await fetch(address, { headers });
  const chunks: Uint8Array[] = [];
  let whole = true;
  try {
    for await (const chunk of body ?? []) chunks.push(chunk);
  } catch {
    whole = false;
  }
  const bytes = Buffer.concat(chunks);
  return { status, headers: answered, url, body: bytes, bytes: bytes.length, whole };
}

function differences(actual: Buffer, expected: Buffer): number[] {
  expect(actual.length).toBe(expected.length);
  return [...actual.keys()].filter((index) => actual[index] !== expected[index]);
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

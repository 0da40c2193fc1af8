import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import type { ProgressEvent } from "../../src/core/progress.ts";
import { checkServer } from "../../src/health/check-server.ts";
import type { HealthCheck, HealthReport } from "../../src/health/health-report.ts";
import { freePort } from "./free-port.ts";
import { scriptedOllama, TINY } from "./scripted-ollama.ts";

test("a healthy server passes every check, in order", async () => {
  await using ollama = await scriptedOllama();
  const report = await checkServer(ollama.url, { models: [TINY] });
  expect(report).toMatchObject({ url: ollama.url.origin, version: "0.24.0", isHealthy: true });
  expect(report.checks.map(({ check, model, result }) => [check, model, result])).toEqual([
    ["server", undefined, "ok"],
    ["version", undefined, "ok"],
    ["cloud", undefined, "ok"],
    ["list", undefined, "ok"],
    ["listed", "tiny:latest", "ok"],
    ["generate", "tiny:latest", "ok"],
  ]);
  expect(checkOf(report, "generate")).toMatchObject({
    detail: "generated 8 tokens",
    processor: "CPU",
  });
});

test("the trial is small, the same every time, and asks for no thoughts", async () => {
  await using ollama = await scriptedOllama();
  await checkServer(ollama.url, { models: [TINY] });
  expect(ollama.asked.find(({ what }) => what === "POST /api/generate")?.body).toMatchObject({
    model: "tiny:latest",
    stream: false,
    think: false,
    options: { num_predict: 8, temperature: 0, seed: 1, num_ctx: 512 },
  });
});

test("waits for a server that accepts connections and stays silent while it starts", async () => {
  let probes = 0;
  await using ollama = await scriptedOllama({
    "GET /": () => (++probes < 2 ? "silence" : { body: "Ollama is running" }),
  });
  const report = await checkServer(ollama.url, { models: [TINY], timeoutSeconds: 30 });
  expect(report.isHealthy).toBe(true);
  expect(probes).toBe(2);
});

test("gives up on a server that stays silent for longer than the timeout", async () => {
  await using ollama = await scriptedOllama({ "GET /": () => "silence" });
  const report = await checkServer(ollama.url, { timeoutSeconds: 0.2 });
  expect(report.isHealthy).toBe(false);
  expect(report.checks).toMatchObject([
    { check: "server", result: "failed", detail: "no answer within 0.2 s" },
  ]);
});

test("a refused connection fails at once, unless the server was just started", async () => {
  const url = new URL(`http://127.0.0.1:${await freePort()}`);
  const report = await checkServer(url);
  expect(report.checks).toMatchObject([
    { check: "server", result: "failed", detail: expect.stringContaining("ECONNREFUSED") },
  ]);
  const starting = await checkServer(url, { isStarting: true, timeoutSeconds: 0.3 });
  expect(checkOf(starting, "server").detail).toMatch(/^no answer within 0\.3 s: .*ECONNREFUSED/);
});

test("connections that are refused and cut while a server starts are tried again", async () => {
  const port = await freePort();
  const url = new URL(`http://127.0.0.1:${port}`);
  const checking = checkServer(url, { isStarting: true, timeoutSeconds: 30 });
  const cutting = createServer((socket) => socket.destroy());
  cutting.listen(port, "127.0.0.1");
  await once(cutting, "connection");
  cutting.close();
  await once(cutting, "close");
  const silent = createServer((socket) => {
    socket.end(
      "HTTP/1.1 200 OK\r\nContent-Length: 17\r\nConnection: close\r\n\r\nOllama is running",
    );
  });
  silent.listen(port, "127.0.0.1");
  const report = await checking;
  expect(checkOf(report, "server").result).toBe("ok");
  silent.close();
});

test("a server whose connections are taken and closed, as Docker's proxy does while it starts, is waited for", async () => {
  let probes = 0;
  await using ollama = await scriptedOllama({
    "GET /": () => (++probes < 3 ? "hang up" : { body: "Ollama is running" }),
  });
  const report = await checkServer(ollama.url, { models: [TINY], timeoutSeconds: 30 });
  expect(report.isHealthy).toBe(true);
  expect(probes).toBe(3);
});

test("a server that closes every connection is given up when the time is over", async () => {
  await using ollama = await scriptedOllama({ "GET /": () => "hang up" });
  const report = await checkServer(ollama.url, { timeoutSeconds: 0.3 });
  expect(checkOf(report, "server")).toMatchObject({
    result: "failed",
    detail: expect.stringContaining("no answer within 0.3 s"),
  });
});

test("says when something else than Ollama answers", async () => {
  await using ollama = await scriptedOllama({ "GET /": () => ({ body: "It works!" }) });
  const report = await checkServer(ollama.url);
  expect(checkOf(report, "server")).toMatchObject({
    result: "failed",
    detail: "something else than Ollama answers here",
  });
});

test("cloud features that are on are a warning, and a version that knows none is fine", async () => {
  await using on = await scriptedOllama({
    "GET /api/status": () => ({ body: { cloud: { disabled: false, source: "none" } } }),
  });
  const report = await checkServer(on.url, { models: [TINY] });
  expect(checkOf(report, "cloud").result).toBe("warning");
  expect(report.isHealthy).toBe(true);

  await using old = await scriptedOllama({
    "GET /api/status": () => ({ status: 404, body: "404 page not found" }),
  });
  expect(checkOf(await checkServer(old.url, { models: [TINY] }), "cloud").result).toBe("ok");
});

test("each model that is missing or different is named", async () => {
  await using ollama = await scriptedOllama({
    "POST /api/show": () => ({ status: 404, body: { error: "model 'other' not found" } }),
  });
  const report = await checkServer(ollama.url, {
    models: [
      { ...TINY, digest: "0".repeat(64) },
      { ...TINY, size: 5 },
      { ...TINY, name: "host:5000/team/other:v1" },
    ],
  });
  const listed = report.checks.filter(({ check }) => check === "listed");
  expect(listed.map(({ model, result }) => [model, result])).toEqual([
    ["tiny:latest", "failed"],
    ["tiny:latest", "failed"],
    ["host:5000/team/other:v1", "failed"],
  ]);
  expect(listed[0]?.detail).toContain("digest 8edad6f01a1e, expected 000000000000");
  expect(listed[1]?.detail).toBe("it has 141,716 bytes, expected 5 bytes");
  expect(listed[2]?.detail).toContain("it is not listed");
  expect(ollama.asked.some(({ what }) => what === "POST /api/generate")).toBe(false);
});

test("names are compared spelled out and without regard to case", async () => {
  await using ollama = await scriptedOllama({
    "GET /api/tags": () => ({
      body: { models: [{ name: "library/TINY:latest", digest: TINY.digest, size: TINY.size }] },
    }),
  });
  const report = await checkServer(ollama.url, { models: [TINY] });
  expect(checkOf(report, "listed").result).toBe("ok");
});

test.each([
  "model requires more system memory (9.1 GiB) than is available (3.2 GiB)",
  "llama runner process has terminated: signal: killed",
])("a model that is too large for this machine is a warning: %s", async (error) => {
  await using ollama = await scriptedOllama({
    "POST /api/generate": () => ({ status: 500, body: { error } }),
  });
  const report = await checkServer(ollama.url, { models: [TINY] });
  expect(checkOf(report, "generate")).toMatchObject({
    result: "warning",
    detail: expect.stringContaining(error),
  });
  expect(report.isHealthy).toBe(true);
});

test("a model that is slower than the timeout is a warning", async () => {
  await using ollama = await scriptedOllama({ "POST /api/generate": () => "silence" });
  const report = await checkServer(ollama.url, { models: [TINY], timeoutSeconds: 1 });
  expect(checkOf(report, "generate")).toMatchObject({
    result: "warning",
    detail: "no answer within 1 s",
  });
  expect(report.isHealthy).toBe(true);
});

test("an answer without a single token is a failure", async () => {
  await using ollama = await scriptedOllama({
    "POST /api/generate": () => ({ body: { done: true, eval_count: 0 } }),
  });
  const report = await checkServer(ollama.url, { models: [TINY] });
  expect(checkOf(report, "generate")).toMatchObject({ result: "failed", model: "tiny:latest" });
  expect(report.isHealthy).toBe(false);
});

test.each([
  { size: 100, inGpu: 0, processor: "CPU" },
  { size: 100, inGpu: 100, processor: "GPU" },
  { size: 1000, inGpu: 421, processor: "42% GPU" },
  { size: 100_000, inGpu: 1, processor: "1% GPU" },
])("$inGpu of $size bytes in a GPU's memory is said as $processor", async (example) => {
  let isLoaded = false;
  const running = { name: "tiny:latest", size: example.size, size_vram: example.inGpu };
  await using ollama = await scriptedOllama({
    "GET /api/ps": () => ({ body: { models: isLoaded ? [running] : [] } }),
    "POST /api/generate": ({ keep_alive: keepAlive }) => {
      isLoaded = keepAlive !== 0;
      return { body: { done: true, eval_count: 8 } };
    },
  });
  const report = await checkServer(ollama.url, { models: [TINY] });
  expect(checkOf(report, "generate").processor).toBe(example.processor);
});

test("a model is unloaded, and gone, before the next one is loaded", async () => {
  let linger = 0;
  await using ollama = await scriptedOllama({
    "GET /api/tags": () => ({
      body: {
        models: ["tiny:latest", "tiny:second"].map((name) => ({
          name,
          digest: TINY.digest,
          size: TINY.size,
        })),
      },
    }),
    "GET /api/ps": () => ({
      body: { models: linger-- > 0 ? [{ name: "tiny:latest", size: 1 }] : [] },
    }),
    "POST /api/generate": ({ keep_alive: keepAlive }) => {
      if (keepAlive === 0) linger = 3;
      return { body: { done: true, eval_count: 8 } };
    },
  });
  await checkServer(ollama.url);
  const steps = ollama.asked
    .filter(({ what }) => what === "POST /api/generate" || what === "GET /api/ps")
    .map(({ what, body }) => (what === "GET /api/ps" ? "ps" : String(body["keep_alive"])));
  const firstUnload = steps.indexOf("0");
  expect(steps.slice(firstUnload, firstUnload + 5)).toEqual(["0", "ps", "ps", "ps", "ps"]);
});

test("a model that was in use stays loaded with its context", async () => {
  await using ollama = await scriptedOllama({
    "GET /api/ps": () => ({ body: { models: [{ name: "tiny:latest", size: 1 }] } }),
  });
  await checkServer(ollama.url);
  const asked = ollama.asked.filter(({ what }) => what === "POST /api/generate");
  expect(asked).toHaveLength(1);
  expect(asked[0]?.body).not.toHaveProperty("keep_alive");
  expect(asked[0]?.body["options"]).not.toHaveProperty("num_ctx");
});

test("a model of Ollama's cloud is not tried", async () => {
  await using ollama = await scriptedOllama({
    "GET /api/tags": () => ({
      body: {
        models: [
          { name: "big:cloud", digest: TINY.digest, size: 400, remote_host: "https://ollama.com" },
        ],
      },
    }),
  });
  const report = await checkServer(ollama.url);
  expect(checkOf(report, "list").detail).toBe("1 model, 1 of them in Ollama's cloud and not tried");
  expect(ollama.asked.some(({ what }) => what === "POST /api/generate")).toBe(false);
});

test("ends with the reason of its signal", async () => {
  await using ollama = await scriptedOllama({ "POST /api/generate": () => "silence" });
  const controller = new AbortController();
  const reason = new Error("enough");
  function abortAtTheTrial(event: ProgressEvent): void {
    if (event.kind === "step" && event.text.startsWith("Trying")) controller.abort(reason);
  }
  const checking = checkServer(ollama.url, {
    signal: controller.signal,
    onProgress: abortAtTheTrial,
  });
  await expect(checking).rejects.toBe(reason);
});

test("a server below a path is asked below that path", async () => {
  await using ollama = await scriptedOllama({
    "GET /ollama/": () => ({ body: "Ollama is running" }),
  });
  const report = await checkServer(new URL("/ollama/", ollama.url));
  expect(checkOf(report, "server").result).toBe("ok");
});

function checkOf(report: HealthReport, name: HealthCheck["check"]): HealthCheck {
  const found = report.checks.find(({ check }) => check === name);
  if (found === undefined) throw new Error(`"${name}" was not checked`);
  return found;
}

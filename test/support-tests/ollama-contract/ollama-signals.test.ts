import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { type Fault, startModelRegistry } from "../../support/model-registry.ts";
import { writeTinyModels } from "../../support/tiny-models.ts";
import { listeningPort, runStandIn, spawnStandIn } from "./run-stand-in.ts";

/** `test/contract/ollama-signals.json`, and what a client sees when the server goes away. */
describe("the stand-in ends as Ollama 0.24.0 was recorded to end", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("%s while idle: exit 0", async (signal) => {
    await using server = await startServer();
    server.process.kill(signal);
    expect(await server.ended).toEqual([0, null]);
  });

  test.each(["SIGHUP", "SIGKILL"] as const)("%s: ended by the signal", async (signal) => {
    await using server = await startServer();
    server.process.kill(signal);
    expect(await server.ended).toEqual([null, signal]);
  });

  test("SIGTERM while it streams: exit 0, the client's stream is cut", async () => {
    await using server = await startServer({ OLLAMA_STAND_IN_TOKEN_MS: "20" });
    const response = await server.generate({ model: "tiny", prompt: "x" });
    const reader = response.body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toContain('"done":false');
    server.process.kill("SIGTERM");
    await expect(readToEnd(reader)).rejects.toThrow("terminated");
    expect(await server.ended).toEqual([0, null]);
  });

  test("SIGTERM while it answers in one piece: exit 0, the client's connection breaks", async () => {
    await using server = await startServer({ OLLAMA_STAND_IN_TOKEN_MS: "60000" });
    const asked = server.generate({ model: "tiny", prompt: "x", stream: false });
    const failure = asked.catch((error: unknown) => error);
    await server.untilLoaded("tiny:latest");
    server.process.kill("SIGTERM");
    expect(await failure).toMatchObject({ message: "fetch failed" });
    expect(await server.ended).toEqual([0, null]);
  });

  test("SIGTERM while it still prepares its store: ended by the signal, having accepted and not answered", async () => {
    await using home = await homeWithModels();
    const port = await unusedPort();
    const env = { OLLAMA_STAND_IN_START_DELAY_MS: "60000", OLLAMA_HOST: `127.0.0.1:${port}` };
    const child = spawnStandIn({ args: ["serve"], env: { HOME: home.path, ...env } });
    const socket = await connectWhenOpen(port);
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let answered = "";
    socket.on("data", (chunk) => (answered += String(chunk)));
    socket.on("error", () => {});
    const gone = new Promise((resolve) => socket.once("close", resolve));
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([null, "SIGTERM"]);
    await gone;
    expect(answered).toBe("");
  });

  test("SIGTERM during a pull: the client's lines just end, `ollama pull` exits with 0 and without success", async () => {
    await using registry = await startSilentRegistry();
    await using home = await temporaryHome();
    await using server = await startServer({ HOME: home.path });
    const model = `${registry.host}/library/tiny`;
    const pulled = await server.post("/api/pull", { model, insecure: true });
    const lines = readToEnd(pulled.body?.getReader());
    const env = { HOME: home.path, OLLAMA_HOST: `127.0.0.1:${server.port}` };
    const command = runStandIn({ args: ["pull", "--insecure", model], env });
    await registry.until((requests) => requests.filter(isStalled).length === 2);
    server.process.kill("SIGTERM");
    await expect(lines).rejects.toThrow("terminated");
    const { exitCode, stderr } = await command;
    expect({ exitCode, success: stderr.includes("success") }).toEqual({
      exitCode: 0,
      success: false,
    });
  });
});

const STALL: Fault = {
  on: { kind: "blob", method: "GET" },
  effect: { type: "stall", afterBytes: 1000 },
};

function isStalled({
  range,
  bodyBytes,
}: {
  readonly range: string | undefined;
  readonly bodyBytes: number;
}) {
  return range !== undefined && bodyBytes === 1000;
}

interface Server extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly ended: Promise<unknown[]>;
  readonly port: number;
  post(target: string, body: object): Promise<Response>;
  generate(body: object): Promise<Response>;
  untilLoaded(model: string): Promise<void>;
}

async function startServer(env: Readonly<Record<string, string>> = {}): Promise<Server> {
  const home = await homeWithModels();
  const child = spawnStandIn({
    args: ["serve"],
    env: { HOME: home.path, OLLAMA_HOST: "127.0.0.1:0", OLLAMA_NO_CLOUD: "1", ...env },
  });
  const ended = once(child, "exit");
  const port = await listeningPort(child);
  const url = `http://127.0.0.1:${port}`;
  const post = (target: string, body: object) =>
    fetch(url + target, { method: "POST", body: JSON.stringify(body) });
  return {
    process: child,
    ended,
    port,
    post,
    generate: (body) => post("/api/generate", body),
    async untilLoaded(model) {
      while (!(await (await fetch(`${url}/api/ps`)).text()).includes(model));
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
      await home[Symbol.asyncDispose]();
    },
  };
}

async function startSilentRegistry() {
  await using stack = new AsyncDisposableStack();
  const store = stack.use(await mkdtempDisposable(path.join(tmpdir(), "ollama-signals-")));
  await writeTinyModels(store.path);
  const registry = stack.use(await startModelRegistry({ store: store.path, faults: [STALL] }));
  const running = stack.move();
  return {
    host: registry.host,
    until: (condition: Parameters<typeof registry.until>[0]) => registry.until(condition),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function homeWithModels() {
  const home = await temporaryHome();
  await writeTinyModels(path.join(home.path, ".ollama/models"));
  return home;
}

function temporaryHome() {
  return mkdtempDisposable(path.join(tmpdir(), "ollama-signals-"));
}

async function readToEnd(reader: ReadableStreamDefaultReader<Uint8Array> | undefined) {
  let done = reader === undefined;
  while (!done) done = (await reader?.read())?.done ?? true;
}

async function connectWhenOpen(port: number) {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const opened = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    if (opened) return socket;
  }
}

async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

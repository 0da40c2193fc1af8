import { mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { startModelRegistry } from "../../support/model-registry.ts";
import { startOllamaStandIn } from "../../support/ollama-stand-in/start-ollama-stand-in.ts";
import { writeTinyModels } from "../../support/tiny-models.ts";
import { damageStore } from "../../support/tiny-models/damage-store.ts";
import { comparableError } from "./comparable.ts";
import { makeRecordedStore } from "./recorded-store.ts";
import { type CliRecording, recordings } from "./recording.ts";
import { runStandIn } from "./run-stand-in.ts";

/** Recordings that the stand-in does not claim, with the reason. Keep it short. */
const NOT_CLAIMED: Readonly<Record<string, string>> = {
  "push.ok": "pushing is nothing that this project asks of Ollama",
  "pull.server-stopped-meanwhile": "ends with the server: see ollama-signals.test.ts",
  "serve.home-read-only": "needs a mount: see ollama-read-only.test.ts",
  "serve.models-read-only-and-empty": "needs a mount: see ollama-read-only.test.ts",
};

const all = recordings<CliRecording>("ollama-cli");
const claimed = all.filter(({ name }) => !(name in NOT_CLAIMED));

describe("the command line says what that of Ollama 0.24.0 was recorded to say", () => {
  test("leaves out only recordings that exist", () => {
    const names = all.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(NOT_CLAIMED)));
    expect(claimed.length).toBeGreaterThan(33);
  });

  test.each(claimed)("$name", async (recording) => {
    await using scene = await startScene(recording);
    const args = recording.argv.slice(1).map((argument) => scene.local(argument));
    const env = { HOME: scene.home, ...mapValues(recording.env, scene.local) };
    const { exitCode, stdout, stderr } = await runStandIn({
      args,
      env,
      ...(recording.stdin !== undefined && { stdin: recording.stdin }),
    });
    const { stderrWithoutTerminalCodes: recordedErrors = recording.stderr } = recording;
    expect({
      exitCode,
      stdout: comparableOutput(recording, scene.recorded(stdout)),
      stderr: comparableErrors(recording, scene.recorded(stderr)),
    }).toEqual({
      exitCode: recording.exitCode,
      stdout: comparableOutput(recording, recording.stdout),
      stderr: comparableErrors(recording, recordedErrors),
    });
  });
});

/** The recorded surroundings, and how their names are written here and there. */
async function startScene(recording: CliRecording) {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await mkdtempDisposable(path.join(tmpdir(), "ollama-cli-")));
  const home = path.join(directory.path, "home");
  const store = path.join(home, ".ollama/models");
  await makeStore(store, recording);
  const registry = stack.use(await startTinyRegistry(path.join(directory.path, "registry")));
  const port = recording.server.startsWith("running")
    ? await startServer(stack, store, recording)
    : await unusedPort();
  const running = stack.move();
  return {
    home,
    local: (text: string) =>
      text
        .replace(/:11434$/, `:${port}`)
        .replace("127.0.0.1:5000", registry.host)
        .replace(/^(llama3\.2|nothere)$/, (name) => nowhereIfPulled(recording, name)),
    recorded: (text: string) =>
      text
        .replaceAll(store, "/root/.ollama/models")
        .replaceAll(home, "/root")
        .replaceAll(`0.0.0.0:${port}`, "0.0.0.0:11434")
        .replaceAll("registry.ollama.ai.invalid", "registry.ollama.ai"),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function makeStore(store: string, recording: CliRecording): Promise<void> {
  if (recording.name === "serve.home-not-writable") {
    const home = path.join(store, "../..");
    await mkdir(home, { recursive: true });
    await writeFile(path.join(home, ".ollama"), "a file where a directory should be");
    return;
  }
  const state = recording.server.includes("empty store") || recording.server.includes("registry");
  await makeRecordedStore(store, { name: "", store: state ? "empty" : "tiny models" });
  if (recording.server.includes("dangling")) await damageStore(store, "manifest-dangling-symlink");
  if (recording.server.includes("weights")) await damageStore(store, "weights-missing");
  if (recording.name === "serve.port-in-use") {
    await writeFile(path.join(store, "../id_ed25519"), "a key, so that none is made");
  }
}

async function startServer(
  stack: AsyncDisposableStack,
  store: string,
  recording: CliRecording,
): Promise<number> {
  const settings = { models: store, host: "0.0.0.0", noCloud: true };
  const server = stack.use(await startOllamaStandIn(settings));
  const post = (target: string, body: object) =>
    fetch(server.url + target, { method: "POST", body: JSON.stringify(body) });
  if (recording.name === "ps.one-loaded") {
    await post("/api/embed", { model: "tiny-embed", input: "x" });
    await post("/api/generate", { model: "tiny" });
  }
  if (recording.name === "rm.ok") {
    await post("/api/copy", { source: "tiny", destination: "tiny:copied" });
  }
  return server.port;
}

async function startTinyRegistry(store: string) {
  await writeTinyModels(store);
  return startModelRegistry({ store });
}

/** A name that no registry has, on a machine with a network too; `show` and the like ask none. */
function nowhereIfPulled({ argv }: CliRecording, name: string): string {
  const asksRegistry = argv[1] === "pull" || argv[1] === "run";
  return asksRegistry ? `registry.ollama.ai.invalid/library/${name}` : name;
}

async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

function comparableOutput({ argv }: CliRecording, stdout: string): string {
  if (argv[1] === "run") return stdout.replace(/[^\n]+/, "(text)");
  if (argv.includes("--modelfile")) return stdout.split("\n").sort().join("\n");
  // The age of the manifests, in a column as wide as the age.
  const aged = stdout.replace(/\d+ (\w+) (ago|from now) +$/gm, "($2)");
  return argv[1] === "ps" ? estimatesLeftOut(aged) : aged.replace(/(MODIFIED|UNTIL) +$/m, "$1");
}

/** What a runner needs is an estimate of the inference engine. */
function estimatesLeftOut(table: string): string {
  const rows = table.split("\n").map((line) => line.replace(/\d+ KB/, "(size)"));
  return rows.map((row) => row.replaceAll(/ {2,}/g, "  ")).join("\n");
}

function comparableErrors({ argv }: CliRecording, stderr: string): string {
  const withoutLog = stderr.replace(/^time=.*\n/gm, "");
  const isPull = argv[1] === "pull" && withoutLog.trimEnd().endsWith("success");
  // The recorded terminal was painted over many times: only the last picture counts.
  const last = isPull ? withoutLog.slice(withoutLog.lastIndexOf("pulling manifest")) : withoutLog;
  return argv[1] === "run" || argv[1] === "stop"
    ? comparableError(last).replace(/[⠀-⣿] /g, "")
    : comparableError(last).trimEnd();
}

function mapValues(
  record: Readonly<Record<string, string>>,
  map: (value: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

import { mkdtempDisposable } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, test, vi } from "vitest";
import { type ModelRegistry, startModelRegistry } from "../../support/model-registry.ts";
import {
  type OllamaStandIn,
  startOllamaStandIn,
} from "../../support/ollama-stand-in/start-ollama-stand-in.ts";
import { settingsFromEnvironment } from "../../support/ollama-stand-in/settings.ts";
import { writeTinyModels } from "../../support/tiny-models.ts";
import { pullsBefore, REGISTRIES, STEPS_BEFORE } from "./api-scenes.ts";
import { comparableBody, type Surroundings } from "./comparable.ts";
import { dropInTinyModels, makeRecordedStore } from "./recorded-store.ts";
import { type ApiRecording, recordings } from "./recording.ts";

/** Recordings that the stand-in does not claim, with the reason. Keep it short. */
const NOT_CLAIMED: Readonly<Record<string, string>> = {
  "create.from-existing": "making models is nothing that this project asks of Ollama",
  "create.from-gguf": "making models is nothing that this project asks of Ollama",
  "push.no-stream.ok": "pushing is nothing that this project asks of Ollama",
  "push.stream.ok": "pushing is nothing that this project asks of Ollama",
  "push.unknown-model": "pushing is nothing that this project asks of Ollama",
  "pull.stream.server-stopped": "ends with the server: see ollama-signals.test.ts",
};

/** Fields of one recording that hang on the text which a real model happened to say. */
const DEPENDS_ON_TEXT: Readonly<Record<string, readonly string[]>> = {
  "damaged.weights-tail-zeroed.generate": ["eval_count", "done_reason"],
};

const COMPARED_HEADERS = /^(content-type|allow|vary|access-control-.*)$/i;

const all = recordings<ApiRecording>("ollama-api");
const claimed = all.filter(({ name }) => !(name in NOT_CLAIMED));

describe("the stand-in answers as Ollama 0.24.0 was recorded", () => {
  test("names only recordings that exist", () => {
    const names = new Set(all.map(({ name }) => name));
    const named = [NOT_CLAIMED, DEPENDS_ON_TEXT, STEPS_BEFORE, REGISTRIES].flatMap(Object.keys);
    expect(named.filter((name) => !names.has(name))).toEqual([]);
    expect(claimed.length).toBeGreaterThan(180);
  });

  test.each(claimed)("$name: $about", async (recording) => {
    await using scene = await startScene(recording);
    const answer = await replay(scene, recording);
    expect(answer).toEqual(expected(recording));
  });
});

interface Scene extends AsyncDisposable {
  readonly store: string;
  readonly server: OllamaStandIn;
  readonly registry: ModelRegistry | undefined;
}

async function startScene(recording: ApiRecording): Promise<Scene> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await mkdtempDisposable(path.join(tmpdir(), "ollama-contract-")));
  const store = path.join(directory.path, "models");
  await makeRecordedStore(store, recording);
  const registry =
    recording.name.includes("pull") && (await startRegistry(recording, directory.path));
  if (registry) stack.use(registry);
  const server = stack.use(
    await startOllamaStandIn({
      ...settingsFromEnvironment(recording.env),
      models: store,
      host: recording.listen.split(":")[0] ?? "",
    }),
  );
  for (const step of STEPS_BEFORE[recording.name] ?? []) await takeStep(server, step);
  for (const model of pullsBefore(recording.store)) {
    const body = { model: `${registry ? registry.host : ""}/${model}`, insecure: true };
    await takeStep(server, { method: "POST", path: "/api/pull", body });
    if (registry) registry.setFaults([]);
  }
  if (recording.store.includes("files are copied in")) await dropInTinyModels(store);
  const running = stack.move();
  return {
    store,
    server,
    registry: registry || undefined,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function startRegistry({ name }: ApiRecording, directory: string): Promise<ModelRegistry> {
  const store = path.join(directory, "registry");
  await writeTinyModels(store);
  return startModelRegistry({ store, ...REGISTRIES[name] });
}

async function takeStep(
  server: OllamaStandIn,
  step: { readonly method: string; readonly path: string; readonly body?: unknown },
): Promise<void> {
  const body = typeof step.body === "string" ? step.body : JSON.stringify(step.body);
  await text(await ask(server, { ...step, body }));
}

async function replay(scene: Scene, recording: ApiRecording) {
  const { store, server, registry } = scene;
  const { body = "", ...recorded } = recording.request;
  const sent = registry === undefined ? body : body.replaceAll("127.0.0.1:5000", registry.host);
  const once = async () => {
    const reply = await ask(server, { ...recorded, body: nowhere(sent) });
    return answerOf(recording, { reply, body: await text(reply), surroundings });
  };
  const surroundings = { store, registry: registry?.host };
  // An unloaded model is gone only a moment later.
  if (recording.name.startsWith("ps.after")) {
    await vi.waitUntil(async () => isDeepStrictEqual(await once(), expected(recording)));
  }
  return once();
}

/** A registry that cannot be reached, on a machine that has a network too. */
function nowhere(body: string): string {
  return body.replace('"llama3.2"', '"registry.ollama.ai.invalid/library/llama3.2"');
}

function expected(recording: ApiRecording) {
  const { status, headers, body } = recording.response;
  const surroundings = { store: "/root/.ollama/models", registry: undefined };
  return comparableAnswer(recording, { status, headers, body, surroundings });
}

function answerOf(
  recording: ApiRecording,
  answered: {
    readonly reply: IncomingMessage;
    readonly body: string;
    readonly surroundings: Surroundings;
  },
) {
  const { statusCode: status = 0, headers } = answered.reply;
  return comparableAnswer(recording, { status, headers, ...answered });
}

function comparableAnswer(
  { name }: ApiRecording,
  answer: {
    readonly status: number;
    readonly headers: Readonly<Record<string, unknown>>;
    readonly body: string;
    readonly surroundings: Surroundings;
  },
) {
  const headers = Object.entries(answer.headers)
    .filter(([key]) => COMPARED_HEADERS.test(key))
    .map(([key, value]) => [key.toLowerCase(), [value].flat().join(", ")]);
  const body = answer.body.replaceAll("registry.ollama.ai.invalid", "registry.ollama.ai");
  return {
    status: answer.status,
    headers: Object.fromEntries(headers),
    body: without(comparableBody(body, answer.surroundings), DEPENDS_ON_TEXT[name] ?? []),
  };
}

function without(value: unknown, fields: readonly string[]): unknown {
  if (fields.length === 0) return value;
  const kept = Object.entries(value ?? {}).filter(([key]) => !fields.includes(key));
  return Object.fromEntries(kept);
}

function ask(
  server: OllamaStandIn,
  {
    method,
    path: target,
    headers,
    body,
  }: {
    readonly method: string;
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body: string;
  },
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const length = body === "" ? {} : { "Content-Length": Buffer.byteLength(body) };
    const options = { method, headers: { ...headers, ...length }, agent: false };
    const asked = request(server.url + target, options);
    asked.once("response", resolve);
    asked.once("error", reject);
    asked.end(body);
  });
}

import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { expect, test } from "vitest";
import type { ProgressEvent } from "../../src/core/progress.ts";
import { parseModelName } from "../../src/core/model-name.ts";
import { OllamaClient } from "../../src/ollama/ollama-client.ts";
import { pullWithOllama } from "../../src/source/ollama-pull.ts";
import { type ApiRecording, recordings } from "../support-tests/ollama-contract/recording.ts";

const NAME = parseModelName("127.0.0.1:5000/library/tiny");
const FULL = "127.0.0.1:5000/library/tiny:latest";
const RECORDED = recordings<ApiRecording & { readonly response: { readonly cutOff?: boolean } }>(
  "ollama-api",
);

test("asks as was recorded, and tells of every blob as it comes, never going back", async () => {
  await using ollama = await replay("pull.stream.ok");
  const { outcome, events } = await pull(ollama.url);
  expect(await outcome).toBe("pulled");
  expect(ollama.asked).toEqual([{ model: FULL, insecure: true }]);
  const items = Map.groupBy(
    events.filter((event) => event.kind === "bytes"),
    ({ item }) => item,
  );
  expect([...items.keys()]).toContain(`0534f0df42e6 of ${FULL}`);
  for (const told of items.values()) {
    expect(told.map(({ done }) => done)).toEqual(
      [...new Set(told.map(({ done }) => done))].sort((a, b) => a - b),
    );
    expect(told.at(-1)?.done).toBe(told.at(-1)?.total);
  }
});

test("leaves out `insecure` for a registry that is asked over HTTPS", async () => {
  await using ollama = await replay("pull.stream.ok");
  await (
    await pull(ollama.url, { isInsecure: false })
  ).outcome;
  expect(ollama.asked).toEqual([{ model: FULL }]);
});

test.each([
  ["pull.stream.unknown-model", "NOT_FOUND", "pull model manifest: file does not exist"],
  ["pull.stream.blob-missing-in-registry", "NOT_FOUND", "file does not exist"],
  ["pull.stream.registry-412", "NEWER_OLLAMA_NEEDED", "pull model manifest: 412: The model you"],
  ["pull.stream.https-to-http-registry", "REFUSED", "pull model manifest: Get"],
  ["pull.stream.registry-without-location-header", "REFUSED", "http: no Location header"],
  ["pull.invalid-name", "REFUSED", "invalid model name"],
])("fails at once, with the model's name and Ollama's words: %s", async (name, code, words) => {
  await using ollama = await replay(name);
  const { outcome } = await pull(ollama.url);
  await expect(outcome).rejects.toMatchObject({
    code,
    message: expect.stringContaining(`Ollama cannot pull "${FULL}": ${words}`),
    hint: expect.any(String),
  });
  expect(ollama.asked).toHaveLength(1);
});

test.each([
  "pull.stream.server-stopped",
  "pull.stream.registry-503",
  "pull.stream.registry-429",
  "pull.stream.wrong-bytes",
])("tries again after what may pass: %s", async (name) => {
  await using ollama = await replay(name, "pull.stream.ok");
  const { outcome, events } = await pull(ollama.url);
  expect(await outcome).toBe("pulled");
  expect(ollama.asked).toHaveLength(2);
  expect(events).toContainEqual({
    kind: "note",
    text: expect.stringContaining("Trying again: Ollama cannot pull"),
  });
});

test("does not take an orderly end without success for one", async () => {
  const whole = answerOf("pull.stream.ok");
  const body = whole.body.replace('{"status":"success"}\n', "");
  await using ollama = await serve([{ ...whole, body }, whole]);
  expect(await (await pull(ollama.url)).outcome).toBe("pulled");
  expect(ollama.asked).toHaveLength(2);
});

test("gives up on a registry whose bytes are wrong each time, and names the blob", async () => {
  await using ollama = await replay("pull.stream.wrong-bytes");
  await expect((await pull(ollama.url)).outcome).rejects.toMatchObject({
    code: "WRONG_CONTENT",
    message: expect.stringContaining("want sha256:0534f0df42e6"),
  });
  // The first brought bytes that were not there before, and so does not count.
  expect(ollama.asked).toHaveLength(5);
});

test("ends with the reason of an abort", async () => {
  await using ollama = await serve([
    { status: 200, body: '{"status":"pulling manifest"}\n', stalls: true },
  ]);
  const abort = new AbortController();
  const { outcome } = await pull(ollama.url, { signal: abort.signal });
  await ollama.untilAsked;
  abort.abort(new Error("enough"));
  await expect(outcome).rejects.toThrow("enough");
});

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly cutOff?: boolean;
  readonly stalls?: boolean;
}

async function pull(
  url: URL,
  { isInsecure = true, signal }: { isInsecure?: boolean; signal?: AbortSignal } = {},
) {
  const events: ProgressEvent[] = [];
  const client = new OllamaClient(url);
  const policy = { retries: 3, firstDelayMs: 1, maxDelayMs: 2 };
  const onProgress = (event: ProgressEvent): void => void events.push(event);
  const outcome = pullWithOllama({ client, isInsecure, policy }, NAME, { onProgress, signal })
    .then(() => "pulled")
    .finally(() => client[Symbol.dispose]());
  // Looked at later.
  outcome.catch(() => {});
  return { outcome, events };
}

/** A server that answers as was recorded, one after another, the last one from then on. */
function replay(...names: readonly string[]) {
  return serve(names.map(answerOf));
}

function answerOf(name: string): Answer {
  const recording = RECORDED.find((each) => each.name === name);
  if (recording === undefined) throw new Error(`there is no recording ${name}`);
  return recording.response;
}

async function serve(answers: readonly Answer[]) {
  const asked: unknown[] = [];
  const firstAsked = Promise.withResolvers<void>();
  const answerOne = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const answer = answers[Math.min(asked.length, answers.length - 1)];
    asked.push(await json(request));
    firstAsked.resolve();
    if (answer !== undefined) send(answer, response);
  };
  const server = createServer((request, response) => void answerOne(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    asked,
    untilAsked: firstAsked.promise,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function send({ status, body, cutOff, stalls }: Answer, response: ServerResponse): void {
  response.writeHead(status, { "content-type": "application/x-ndjson" });
  if (stalls === true) response.write(body);
  else if (cutOff === true) response.write(body, () => response.destroy());
  else response.end(body);
}

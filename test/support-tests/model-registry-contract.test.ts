import { mkdtempDisposable, readFile } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { finished } from "node:stream/promises";
import { describe, expect, test } from "vitest";
import {
  type ModelRegistry,
  type ModelRegistryOptions,
  startModelRegistry,
} from "../support/model-registry.ts";
import { writeTinyModels } from "../support/tiny-models.ts";

interface Recorded {
  readonly server: "registry" | "storage";
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly bodyBytes?: number;
    readonly body?: string;
    readonly clientClosedEarly?: boolean;
  };
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

const CONTRACT = path.join(import.meta.dirname, "../contract/registry-http");
const RECORDED_REGISTRY = "http://127.0.0.1:5000";
const RECORDED_STORAGE = "http://localhost:5002";

/** What the recordings hold and this registry does not do, with the reason. */
const NOT_COVERED: Readonly<Record<string, (recorded: Recorded) => boolean>> = {
  "writing to a registry (tests here only pull)": ({ request: { method } }) =>
    method !== "GET" && method !== "HEAD",
  "reading back what was written": ({ request }) => request.path.startsWith("/v2/library/new/"),
  "lists of repositories and tags (registry.ollama.ai has none)": ({ request }) =>
    request.path.endsWith("/_catalog") || request.path.endsWith("/tags/list"),
  "several ranges in one request (no client of ours asks that)": ({ request }) =>
    request.headers["Range"]?.includes(",") === true,
};

describe("the model registry answers as recorded from docker-registry 2.8.2", () => {
  test.each<{ recording: string; options: Partial<ModelRegistryOptions>; covered: number }>([
    { recording: "endpoints.plain-registry", options: { blobs: "plain" }, covered: 19 },
    { recording: "pull-tiny.location-header", options: {}, covered: 19 },
    { recording: "pull-tiny.redirect", options: { blobs: "redirect" }, covered: 19 },
    {
      recording: "pull-tiny.token-redirect",
      options: { blobs: "redirect", token: {} },
      covered: 21,
    },
    { recording: "pull-unknown", options: {}, covered: 1 },
  ])("$recording", async ({ recording, options, covered }) => {
    await using store = await mkdtempDisposable(path.join(tmpdir(), "registry-contract-"));
    await writeTinyModels(store.path);
    await using registry = await startModelRegistry({ store: store.path, ...options });
    const replay = new Replay(registry);
    const exchanges = (await readRecording(recording)).filter(isCovered);
    expect(exchanges).toHaveLength(covered);
    for (const exchange of exchanges) {
      expect(await replay.ask(exchange), JSON.stringify(exchange.request)).toEqual(
        replay.expected(exchange),
      );
    }
  });
});

/** Carries from one answer to the next request what differs from run to run: token and addresses. */
class Replay {
  readonly #registry: ModelRegistry;
  #token = "";
  #storage = "";

  constructor(registry: ModelRegistry) {
    this.#registry = registry;
  }

  async ask({ server, request: { method, path: target, headers }, response }: Recorded) {
    const base = server === "storage" ? this.#storage : this.#registry.url;
    const authorization = headers["Authorization"]?.replace("opaque-token", this.#token);
    const { Host: _host, ...others } = headers;
    const answer = await ask(new URL(target, base), {
      method,
      headers: { ...others, ...(authorization && { Authorization: authorization }) },
    });
    const location = answer.headers["location"];
    if (answer.status === 307) this.#storage = new URL(String(location)).origin;
    if (target.startsWith("/token")) this.#token = JSON.parse(answer.body).token;
    return {
      status: answer.status,
      headers: pick(answer.headers, Object.keys(response.headers)),
      ...(response.body === undefined ? {} : { body: this.#neutral(answer.body) }),
    };
  }

  expected({ response: { status, headers, body } }: Recorded) {
    return {
      status,
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [
          name.toLowerCase(),
          value
            .replace(RECORDED_REGISTRY, this.#registry.url)
            .replace(RECORDED_STORAGE, this.#storage),
        ]),
      ),
      ...(body === undefined ? {} : { body }),
    };
  }

  #neutral(body: string): string {
    return this.#token === "" ? body : body.replace(this.#token, "opaque-token");
  }
}

function isCovered(recorded: Recorded): boolean {
  return !Object.values(NOT_COVERED).some((applies) => applies(recorded));
}

async function readRecording(name: string): Promise<Recorded[]> {
  const text = await readFile(path.join(CONTRACT, `${name}.jsonl`), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

function ask(
  url: URL,
  options: { readonly method: string; readonly headers: Record<string, string> },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { ...options, agent: false }, (response) => {
      const { statusCode: status = 0, headers } = response;
      void textUntilTheEndOrCut(response).then((body) => resolve({ status, headers, body }));
    });
    asked.once("error", reject);
    asked.end();
  });
}

/** A stock registry states a longer length with a 416 than it sends, and closes. */
async function textUntilTheEndOrCut(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  response.on("data", (chunk: Buffer) => chunks.push(chunk));
  await finished(response).catch(() => {});
  return Buffer.concat(chunks).toString();
}

function pick(
  headers: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name.toLowerCase(), headers[name.toLowerCase()]]));
}

import type { Agent, IncomingMessage } from "node:http";
import { nodeHttp, nodeHttps } from "../core/node-http.ts";
import type { Readable } from "node:stream";
import { hasCode, messageOf } from "../core/errors.ts";
import { readLines } from "../core/lines.ts";

/** An answer is never larger than this: the longest are listings, with a few hundred bytes for each model. */
const MAX_BODY = 64 * 1024 * 1024;
/** Bytes of one line of a streamed answer; Ollama's have some hundred. */
const MAX_LINE = 1024 * 1024;

export type Outcome =
  | { readonly kind: "answered"; readonly status: number; readonly body: string }
  | { readonly kind: "timedOut"; readonly seconds: number }
  | {
      readonly kind: "unreachable";
      readonly reason: string;
      /** Whether somebody took the connection, and closed it before there was a whole answer. */
      readonly wasAccepted: boolean;
    };

export interface AskOptions {
  /** For connecting, waiting and reading together. */
  readonly timeoutSeconds: number;
  readonly signal?: AbortSignal | undefined;
  /** Makes it a POST. */
  readonly body?: Json;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Speaks to one Ollama server over connections of its own, never through a proxy: a proxy in the environment cannot know
 * a container on this host. Sends neither `Origin` nor a foreign `Host`, which Ollama answers with 403.
 */
export class OllamaClient implements Disposable {
  readonly #url: URL;
  readonly #agent: Agent;

  constructor(url: URL) {
    this.#url = url;
    const { Agent } = url.protocol === "https:" ? nodeHttps() : nodeHttp();
    this.#agent = new Agent();
  }

  /** Rejects only with the reason of `signal`; whatever else happens is an {@link Outcome}. */
  async ask(path: string, { timeoutSeconds, signal, body }: AskOptions): Promise<Outcome> {
    signal?.throwIfAborted();
    const timeout = AbortSignal.timeout(Math.ceil(timeoutSeconds * 1000));
    const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
    try {
      return await this.#exchange(path, body, either);
    } catch (error) {
      signal?.throwIfAborted();
      if (timeout.aborted) return { kind: "timedOut", seconds: timeoutSeconds };
      const wasAccepted = hasCode(error, "ECONNRESET", "EPIPE");
      return { kind: "unreachable", reason: reasonOf(error), wasAccepted };
    }
  }

  /**
   * POSTs, and gives the lines of the answer as they come, whatever its status: there may be minutes between two. Rejects as
   * Node does where there is no answer, and where it is cut off.
   */
  async *lines(
    path: string,
    { body, signal }: { readonly body: Json; readonly signal?: AbortSignal | undefined },
  ): AsyncGenerator<string, void, undefined> {
    const tooLong = (): Error => new Error(`its answer has a line of more than ${MAX_LINE} bytes`);
    const response = await this.#send(path, body, signal);
    yield* readLines(response, { longest: MAX_LINE, tooLong });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  async #exchange(path: string, body: AskOptions["body"], signal: AbortSignal): Promise<Outcome> {
    const response = await this.#send(path, body, signal);
    return { kind: "answered", status: response.statusCode ?? 0, body: await readText(response) };
  }

  #send(
    path: string,
    body: AskOptions["body"],
    signal: AbortSignal | undefined,
  ): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const { request } = this.#url.protocol === "https:" ? nodeHttps() : nodeHttp();
    const url = new URL(`${this.#url.pathname.replace(/\/$/, "")}${path}`, this.#url);
    url.username = this.#url.username;
    url.password = this.#url.password;
    const method = body === undefined ? "GET" : "POST";
    const options = { agent: this.#agent, method, ...(signal && { signal }) };
    request(url, { ...options, headers: { "Content-Type": "application/json" } })
      .on("response", resolve)
      .on("error", reject)
      .end(body === undefined ? undefined : JSON.stringify(body));
    return promise;
  }
}

async function readText(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new Error(`its answer is larger than ${MAX_BODY} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** For a name with several addresses Node reports all failed attempts as one error without a text. */
function reasonOf(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return messageOf(first);
}

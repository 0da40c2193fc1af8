import { once } from "node:events";
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { hasCode } from "../core/errors.ts";
import { readIntoOneBuffer } from "../core/read-into-one-buffer.ts";
import { HttpBody } from "./http-body.ts";
import { StalledError, networkError } from "./network-error.ts";

export interface TransportOptions {
  /** How long a server may say nothing, while connecting, answering and sending. Milliseconds; default 30,000. */
  readonly idleTimeoutMs?: number | undefined;
  readonly env?: Readonly<NodeJS.ProcessEnv> | undefined;
}

export interface HttpAnswer {
  readonly url: URL;
  readonly status: number;
  readonly headers: Readonly<IncomingMessage["headers"]>;
  readonly body: HttpBody;
}

/**
 * GET over HTTP and HTTPS with connections that are kept, through the proxy of the environment. Errors are {@link SourceError}
 * `UNREACHABLE`, inside a TransientFailure where another try may help. Whoever gets an answer reads or disposes its body.
 */
export class HttpTransport {
  readonly #agents: { readonly http: HttpAgent; readonly https: HttpsAgent };
  readonly #idleMs: number;
  readonly #env: Readonly<NodeJS.ProcessEnv>;

  constructor({ idleTimeoutMs = 30_000, env = process.env }: TransportOptions = {}) {
    const options = { keepAlive: true, proxyEnv: env, onread: readIntoOneBuffer() };
    this.#agents = { http: new HttpAgent(options), https: new HttpsAgent(options) };
    this.#idleMs = idleTimeoutMs;
    this.#env = env;
  }

  async get(
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<HttpAnswer> {
    signal?.throwIfAborted();
    try {
      const response = await this.#respond(url, headers, signal);
      const { statusCode: status = 0 } = response;
      const explain = (error: unknown): unknown =>
        signal?.aborted === true ? signal.reason : networkError(error, url, this.#env);
      return {
        url,
        status,
        headers: response.headers,
        body: new HttpBody(response, { idleMs: this.#idleMs, explain }),
      };
    } catch (error) {
      signal?.throwIfAborted();
      throw networkError(error, url, this.#env);
    }
  }

  async #respond(
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    for (;;) {
      const options = { headers, ...(signal === undefined ? {} : { signal }) };
      const request =
        url.protocol === "https:"
          ? httpsRequest(url, { ...options, agent: this.#agents.https })
          : httpRequest(url, { ...options, agent: this.#agents.http });
      const timer = setTimeout(
        () => request.destroy(new StalledError(this.#idleMs / 1000)),
        this.#idleMs,
      );
      try {
        request.end();
        const [response] = (await once(request, "response")) as [IncomingMessage];
        // After the answer came, errors reach whoever reads the body.
        request.on("error", () => {});
        return response;
      } catch (error) {
        // The server closed a kept connection at the moment in which it was used again.
        if (!(request.reusedSocket && hasCode(error, "ECONNRESET"))) throw error;
      } finally {
        clearTimeout(timer);
      }
    }
  }
}

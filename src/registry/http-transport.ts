import { once } from "node:events";
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { getCACertificates } from "node:tls";
import { hasCode } from "../core/errors.ts";
import { readIntoOneBuffer } from "../core/read-into-one-buffer.ts";
import type { Asked } from "./authorization.ts";
import { HttpBody } from "./http-body.ts";
import { StalledError, networkError } from "./network-error.ts";
import { RateLimit } from "./rate-limit.ts";

const FORM = "application/x-www-form-urlencoded";

export interface TransportOptions {
  /** How long a server may say nothing, while connecting, answering and sending. Milliseconds; default 30,000. */
  readonly idleTimeoutMs?: number | undefined;
  readonly env?: Readonly<NodeJS.ProcessEnv> | undefined;
  /** Certificates in PEM of authorities that are trusted beside those that Node trusts. */
  readonly ca?: readonly string[] | undefined;
  /** The rate of all bodies together. */
  readonly bytesPerSecond?: number | undefined;
}

export interface HttpAnswer {
  readonly url: URL;
  readonly status: number;
  readonly headers: Readonly<IncomingMessage["headers"]>;
  readonly body: HttpBody;
  /** As whom the registry was asked, where it is a registry that answers. */
  readonly asked?: Asked | undefined;
  /** The version of Ollama that it was told. */
  readonly ollamaVersion?: string | undefined;
}

interface Request {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly form?: URLSearchParams | undefined;
}

/**
 * GET and POST over HTTP and HTTPS with connections that are kept, through the proxy of the environment. Errors are {@link SourceError}
 * `UNREACHABLE`, inside a TransientFailure where another try may help. Whoever gets an answer reads or disposes its body.
 */
export class HttpTransport {
  readonly #agents: { readonly http: HttpAgent; readonly https: HttpsAgent };
  readonly #idleMs: number;
  readonly #env: Readonly<NodeJS.ProcessEnv>;
  readonly #limit: RateLimit | undefined;

  constructor({
    idleTimeoutMs = 30_000,
    env = process.env,
    ca = [],
    bytesPerSecond,
  }: TransportOptions = {}) {
    const options = { keepAlive: true, proxyEnv: env, onread: readIntoOneBuffer() };
    // A `ca` replaces what is trusted else, NODE_EXTRA_CA_CERTS too.
    const trusted = ca.length === 0 ? {} : { ca: [...getCACertificates(), ...ca] };
    this.#agents = {
      http: new HttpAgent(options),
      https: new HttpsAgent({ ...options, ...trusted }),
    };
    this.#idleMs = idleTimeoutMs;
    this.#env = env;
    this.#limit = bytesPerSecond === undefined ? undefined : new RateLimit(bytesPerSecond);
  }

  async get(
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<HttpAnswer> {
    return this.#send({ url, headers }, signal);
  }

  async post(
    url: URL,
    { headers, form }: Pick<Request, "headers"> & { readonly form: URLSearchParams },
    signal?: AbortSignal,
  ): Promise<HttpAnswer> {
    return this.#send({ url, headers, form }, signal);
  }

  async #send(request: Request, signal?: AbortSignal): Promise<HttpAnswer> {
    signal?.throwIfAborted();
    const { url } = request;
    try {
      const response = await this.#respond(request, signal);
      const { statusCode: status = 0 } = response;
      const explain = (error: unknown): unknown =>
        signal?.aborted === true ? signal.reason : networkError(error, url, this.#env);
      return {
        url,
        status,
        headers: response.headers,
        body: new HttpBody(response, { idleMs: this.#idleMs, explain, limit: this.#limit, signal }),
      };
    } catch (error) {
      signal?.throwIfAborted();
      throw networkError(error, url, this.#env);
    }
  }

  async #respond({ url, headers, form }: Request, signal?: AbortSignal): Promise<IncomingMessage> {
    for (;;) {
      const method = form === undefined ? "GET" : "POST";
      const options = { method, headers, ...(signal === undefined ? {} : { signal }) };
      const request =
        url.protocol === "https:"
          ? httpsRequest(url, { ...options, agent: this.#agents.https })
          : httpRequest(url, { ...options, agent: this.#agents.http });
      const timer = setTimeout(
        () => request.destroy(new StalledError(this.#idleMs / 1000)),
        this.#idleMs,
      );
      try {
        if (form !== undefined) request.setHeader("Content-Type", FORM);
        request.end(form?.toString());
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

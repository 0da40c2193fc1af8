import { once } from "node:events";
import type { Agent, AgentOptions, IncomingMessage } from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import { hasCode } from "../core/errors.ts";
import { nodeHttp, nodeHttps, nodeTls } from "../core/node-http.ts";
import { readIntoOneBuffer } from "../core/read-into-one-buffer.ts";
import type { Asked } from "./authorization.ts";
import { HttpBody } from "./http-body.ts";
import type { HttpRequest } from "./http-request.ts";
import { StalledError, networkError } from "./network-error.ts";
import { withUsableProxies } from "./proxy-environment.ts";
import { RateLimit } from "./rate-limit.ts";
import { secretsIn } from "./secrets-in.ts";

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
  /** What the request showed, which the answer may repeat, and no message may. */
  readonly secrets: readonly string[];
  /** As whom the registry was asked, where it is a registry that answers. */
  readonly asked?: Asked | undefined;
  /** The version of Ollama that it was told. */
  readonly ollamaVersion?: string | undefined;
}

/**
 * GET and POST over HTTP and HTTPS with connections that are kept, through the proxy of the environment. Errors are {@link SourceError}
 * `UNREACHABLE`, inside a TransientFailure where another try may help. Whoever gets an answer reads or disposes its body.
 */
export class HttpTransport {
  readonly #ca: readonly string[];
  // Made for the first request of their kind: many a transport has none, and a store on disk is packed without HTTP.
  #httpAgent: Agent | undefined;
  #httpsAgent: HttpsAgent | undefined;
  readonly #idleMs: number;
  readonly #env: Readonly<NodeJS.ProcessEnv>;
  readonly #limit: RateLimit | undefined;

  constructor({
    idleTimeoutMs = 30_000,
    env = process.env,
    ca = [],
    bytesPerSecond,
  }: TransportOptions = {}) {
    this.#env = withUsableProxies(env);
    this.#ca = ca;
    this.#idleMs = idleTimeoutMs;
    this.#limit = bytesPerSecond === undefined ? undefined : new RateLimit(bytesPerSecond);
  }

  async send(request: HttpRequest, signal?: AbortSignal): Promise<HttpAnswer> {
    signal?.throwIfAborted();
    const { url } = request;
    try {
      const response = await this.#respond(request, signal);
      const { statusCode: status = 0 } = response;
      const explain = (error: unknown): unknown =>
        signal?.aborted === true ? signal.reason : networkError(error, request, this.#env);
      return {
        url,
        status,
        headers: response.headers,
        secrets: secretsIn(request),
        body: new HttpBody(response, { idleMs: this.#idleMs, explain, limit: this.#limit, signal }),
      };
    } catch (error) {
      signal?.throwIfAborted();
      throw networkError(error, request, this.#env);
    }
  }

  async #respond(
    { url, headers, form }: HttpRequest,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    for (;;) {
      const method = form === undefined ? "GET" : "POST";
      const options = { method, headers, ...(signal === undefined ? {} : { signal }) };
      const request =
        url.protocol === "https:"
          ? nodeHttps().request(url, { ...options, agent: this.#https() })
          : nodeHttp().request(url, { ...options, agent: this.#http() });
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

  #http(): Agent {
    const { Agent } = nodeHttp();
    return (this.#httpAgent ??= new Agent(agentOptions(this.#env)));
  }

  #https(): HttpsAgent {
    const { Agent } = nodeHttps();
    return (this.#httpsAgent ??= new Agent({ ...agentOptions(this.#env), ...trusting(this.#ca) }));
  }
}

function agentOptions(proxyEnv: Readonly<NodeJS.ProcessEnv>): AgentOptions {
  // The types do not know that an agent passes on what `net.connect` takes.
  const forSockets = { onread: readIntoOneBuffer() };
  return { keepAlive: true, proxyEnv, ...forSockets };
}

/** A `ca` replaces what is trusted else, NODE_EXTRA_CA_CERTS too. */
function trusting(ca: readonly string[]): { readonly ca?: string[] } {
  return ca.length === 0 ? {} : { ca: [...nodeTls().getCACertificates(), ...ca] };
}

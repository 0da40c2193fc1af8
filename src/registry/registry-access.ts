import { DefinitionError, SourceError } from "../core/errors.ts";
import { TransientFailure } from "../core/retry.ts";
import { TOOL } from "../core/tool.ts";
import {
  BearerTokens,
  type Challenge,
  parseChallenge,
  readToken,
  tokenUrl,
} from "./bearer-tokens.ts";
import { shownAddress, shownUrl } from "./http-address.ts";
import { type HttpAnswer, HttpTransport, type TransportOptions } from "./http-transport.ts";
import { badAnswer, statusError } from "./status-error.ts";

const MAX_REDIRECTS = 8;
/** `registry.example`, `127.0.0.1:5000`, `[::1]:5000`: as a name or a URL has it. */
const HOST = /^(?:\[[0-9a-f:]+\]|\w[\w.-]*)(?::\d{1,5})?$/i;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export interface AccessOptions extends TransportOptions {
  /** Hosts (`host` or `host:port`) that are asked over plain HTTP. */
  readonly insecureHosts?: readonly string[] | undefined;
  /** As which Ollama to ask; registries refuse models to those that are too old for them. */
  readonly ollamaVersion?: string | undefined;
}

/** A repository of a registry: `https://registry.ollama.ai/` and `library/llama3.2`. */
export interface Repository {
  /** Ends in "/". */
  readonly base: URL;
  readonly path: string;
}

export interface AccessRequest {
  readonly repository: Repository;
  readonly headers: Readonly<Record<string, string>>;
}

/** Taken where no version is known: new enough for every model there was when this was written. */
const ASSUMED_OLLAMA = "0.33.0";

/** GET from a registry: anonymous, with Bearer tokens where they are asked for, redirects followed. */
export class RegistryAccess {
  readonly #transport: HttpTransport;
  readonly #tokens = new BearerTokens();
  /** Repositories that have taken a token: when they refuse one later, it has expired. */
  readonly #admitted = new Set<string>();
  readonly #insecureHosts: readonly string[];
  readonly #userAgent: string;

  constructor({ insecureHosts = [], ollamaVersion = ASSUMED_OLLAMA, ...options }: AccessOptions) {
    this.#transport = new HttpTransport(options);
    this.#insecureHosts = insecureHosts.map(checkHost);
    this.#userAgent = `ollama/${ollamaVersion} ${TOOL.name}/${TOOL.version}`;
  }

  isInsecure(host: string): boolean {
    return this.#insecureHosts.includes(host);
  }

  /** Any status may come back. A token goes to the registry itself, and to no other host that it redirects to. */
  async get(url: URL, request: AccessRequest, signal?: AbortSignal): Promise<HttpAnswer> {
    const { base, path } = request.repository;
    const repository = new URL(path, base).href;
    const token = await this.#tokens.current(repository);
    const answer = await this.#follow(url, { ...request, token }, signal);
    const isChallenge = answer.status === 401 && answer.url.origin === base.origin;
    const challenge = isChallenge ? parseChallenge(answer.headers["www-authenticate"]) : undefined;
    if (challenge === undefined) return answer;
    await discard(answer);
    const fresh = await this.#tokens.renew(repository, token, () =>
      this.#fetchToken(challenge, base, signal),
    );
    const second = await this.#follow(url, { ...request, token: fresh }, signal);
    if (second.status !== 401) this.#admitted.add(repository);
    else if (this.#admitted.has(repository)) throw await expired(second, url);
    return second;
  }

  async #follow(
    start: URL,
    {
      repository: { base },
      headers,
      token,
    }: AccessRequest & { readonly token: string | undefined },
    signal: AbortSignal | undefined,
  ): Promise<HttpAnswer> {
    let url = start;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      const isWelcome = token !== undefined && url.origin === base.origin;
      const authorization = isWelcome ? { Authorization: `Bearer ${token}` } : {};
      const all = { ...this.#headers(), ...headers, ...authorization };
      const answer = await this.#transport.get(url, all, signal);
      const { location } = answer.headers;
      if (!REDIRECTS.has(answer.status) || location === undefined) return answer;
      await discard(answer);
      url = this.#redirected(url, location);
    }
    const found = `it redirects more than ${MAX_REDIRECTS} times`;
    throw new SourceError("BAD_ANSWER", `Cannot fetch ${shownUrl(start)}: ${found}`);
  }

  #redirected(from: URL, location: string): URL {
    if (!URL.canParse(location, from.href)) {
      throw new SourceError(
        "BAD_ANSWER",
        `Cannot fetch ${shownUrl(from)}: it redirects to no address`,
      );
    }
    const to = new URL(location, from);
    if (this.#isAllowed(to, from)) return to;
    const found = `it redirects to ${shownUrl(to)}, which is not HTTPS`;
    throw new SourceError("REFUSED", `Cannot fetch ${shownUrl(from)}: ${found}`, {
      hint: `If that is right, say so with --insecure-registry ${to.host}.`,
    });
  }

  /** From HTTPS a registry leads to HTTPS, unless the user said that the other host may be asked without. */
  #isAllowed(to: URL, from: URL): boolean {
    if (to.protocol === "https:") return true;
    return to.protocol === "http:" && (from.protocol === "http:" || this.isInsecure(to.host));
  }

  async #fetchToken(
    challenge: Challenge,
    base: URL,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const url = tokenUrl(challenge);
    const purpose = {
      what: "a token for the registry",
      ifMissing: "Cannot fetch a token for the registry",
    };
    if (!this.#isAllowed(url, base)) {
      const found = `it is to come from ${shownUrl(url)}, which is not HTTPS`;
      throw new SourceError("REFUSED", `Cannot fetch ${purpose.what}: ${found}`);
    }
    const answer = await this.#transport.get(url, this.#headers(), signal);
    if (answer.status !== 200) throw await statusError(answer, purpose);
    using _body = answer.body;
    const token = await readToken(answer);
    if (token === undefined) throw badAnswer(url, purpose, "the answer holds none");
    return token;
  }

  /** `identity`: what is hashed are the bytes of the blob, not those of some packing for the way. */
  #headers(): Record<string, string> {
    return { "User-Agent": this.#userAgent, "Accept-Encoding": "identity" };
  }
}

/** Anything else would never be the host of a request, and so be ignored. Throws {@link DefinitionError}. */
function checkHost(text: string): string {
  if (HOST.test(text)) return text;
  throw new DefinitionError(
    "USAGE",
    `Cannot use "${shownAddress(text)}" as an insecure registry: expected a host or host:port, without http://`,
    { hint: "Write it as in --insecure-registry registry.example:5000." },
  );
}

async function expired(answer: HttpAnswer, url: URL): Promise<TransientFailure> {
  const purpose = { what: shownUrl(url), ifMissing: `Cannot fetch ${shownUrl(url)}` };
  return new TransientFailure(await statusError(answer, purpose));
}

/** Reads the short body of an answer that is of no interest, so that its connection can be used again. */
async function discard({ body }: HttpAnswer): Promise<void> {
  using _body = body;
  await body.skip(65_536).catch(() => 0);
}

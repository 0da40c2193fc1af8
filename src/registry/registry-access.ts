import { SourceError } from "../core/errors.ts";
import { TransientFailure } from "../core/retry.ts";
import { TOOL } from "../core/tool.ts";
import { type Authorization, Authorizations } from "./authorization.ts";
import { Authorizer } from "./authorizer.ts";
import { isHttp, shownUrl } from "./http-address.ts";
import { type HttpAnswer, HttpTransport, type TransportOptions } from "./http-transport.ts";
import { isHuggingFace } from "./hugging-face.ts";
import { InsecureHosts } from "./insecure-hosts.ts";
import type { OllamaKey } from "./ollama-key.ts";
import type { Repository } from "./repository.ts";
import { statusError } from "./status-error.ts";

const MAX_REDIRECTS = 8;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Taken where no version is known: new enough for every model there was when this was written. */
const ASSUMED_OLLAMA = "0.33.0";

export interface AccessOptions extends TransportOptions {
  /** Hosts (`host` or `host:port`) that are asked over plain HTTP. */
  readonly insecureHosts?: readonly string[] | undefined;
  /** As which Ollama to ask; registries refuse models to those that are too old for them. */
  readonly ollamaVersion?: string | undefined;
  /** Shown to a registry that wants a token and gives it out itself. */
  readonly ollamaKey?: OllamaKey | undefined;
}

export interface AccessRequest {
  readonly repository: Repository;
  readonly headers: Readonly<Record<string, string>>;
}

/** GET from a registry: as anybody, and with what there is to show where that is refused; redirects followed. */
export class RegistryAccess {
  readonly #transport: HttpTransport;
  readonly #hosts: InsecureHosts;
  readonly #authorizer: Authorizer;
  readonly #authorizations = new Authorizations();
  /** Repositories that have taken what they were shown: when they refuse it later, it has expired. */
  readonly #admitted = new Set<string>();
  /** `identity`: what is hashed are the bytes of the blob, not those of some packing for the way. */
  readonly #headers: Readonly<Record<string, string>>;

  readonly #ollamaVersion: string;

  constructor({
    insecureHosts = [],
    ollamaVersion = ASSUMED_OLLAMA,
    ollamaKey,
    ...options
  }: AccessOptions) {
    const { env = process.env } = options;
    const userAgent = `ollama/${ollamaVersion} ${TOOL.name}/${TOOL.version}`;
    this.#ollamaVersion = ollamaVersion;
    this.#transport = new HttpTransport(options);
    this.#hosts = new InsecureHosts(insecureHosts);
    this.#headers = { "User-Agent": userAgent, "Accept-Encoding": "identity" };
    this.#authorizer = new Authorizer({
      transport: this.#transport,
      hosts: this.#hosts,
      headers: this.#headers,
      ollamaKey,
      env,
    });
  }

  isInsecure(host: string): boolean {
    return this.#hosts.has(host);
  }

  /** Any status may come back. What a registry is shown goes to no other host that it redirects to. */
  async get(url: URL, request: AccessRequest, signal?: AbortSignal): Promise<HttpAnswer> {
    const { repository } = request;
    const key = new URL(repository.path, repository.base).href;
    const shown = (await this.#authorizations.current(key)) ?? this.#authorizer.atFirst(repository);
    const answer = await this.#follow(url, { ...request, shown }, signal);
    if (answer.status !== 401 || answer.url.origin !== repository.base.origin) return answer;
    // A body that nobody reads holds its connection, and that the process.
    using refused = new DisposableStack();
    refused.use(answer.body);
    const challenge = answer.headers["www-authenticate"];
    const fresh = await this.#authorizations.renew(key, shown, () =>
      this.#authorizer.afterRefusal(challenge, repository, signal),
    );
    if (fresh.header === shown.header) {
      refused.move();
      return { ...answer, asked: fresh.asked };
    }
    await discard(answer);
    const second = await this.#follow(url, { ...request, shown: fresh }, signal);
    if (second.status !== 401) this.#admitted.add(key);
    else if (this.#admitted.has(key)) throw await expired(second, url);
    return second;
  }

  async #follow(
    start: URL,
    { repository: { base }, headers, shown }: AccessRequest & { readonly shown: Authorization },
    signal: AbortSignal | undefined,
  ): Promise<HttpAnswer> {
    const ollamaVersion = this.#ollamaVersion;
    let url = start;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      const isOurs = isSameRegistry(url, base);
      const isShown = isOurs && shown.header !== undefined;
      const authorization = isShown ? { Authorization: shown.header } : {};
      const all = { ...this.#headers, ...headers, ...authorization };
      const ledBy = isOurs ? undefined : base.host;
      const answer = await this.#transport.send({ url, headers: all, ledBy }, signal);
      const { location } = answer.headers;
      if (!REDIRECTS.has(answer.status) || location === undefined)
        return isOurs ? { ...answer, asked: shown.asked, ollamaVersion } : answer;
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
    if (this.#hosts.allow(to, from)) return to;
    const found = `it redirects to ${shownUrl(to)}, which is not HTTPS`;
    throw new SourceError("REFUSED", `Cannot fetch ${shownUrl(from)}: ${found}`, {
      hint: isHttp(to)
        ? `If that is right, say so with --insecure-registry ${to.host}.`
        : `Ask who runs ${from.host}.`,
    });
  }
}

/** Hugging Face leads from one of its names to the other. */
function isSameRegistry(url: URL, base: URL): boolean {
  return url.origin === base.origin || (isHuggingFace(url) && isHuggingFace(base));
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

import { randomBytes } from "node:crypto";
import { DefinitionError, SourceError } from "../core/errors.ts";
import type { RegistrySecret } from "../core/registry-secret.ts";
import type { Authorization } from "./authorization.ts";
import {
  type Challenge,
  TOKEN,
  parseChallenge,
  readToken,
  tokenUrl,
  wantsPassword,
} from "./challenge.ts";
import { findLogin } from "./find-login.ts";
import { shownUrl } from "./http-address.ts";
import type { HttpAnswer, HttpTransport } from "./http-transport.ts";
import { isHuggingFace } from "./hugging-face.ts";
import type { InsecureHosts } from "./insecure-hosts.ts";
import { type Login, registryName } from "./login.ts";
import type { OllamaKey } from "./ollama-key.ts";
import { HINT_WITH_KEY, hintWithLogin, hintWithoutLogin } from "./refusal-hint.ts";
import type { Repository } from "./repository.ts";
import { badAnswer, statusError } from "./status-error.ts";

/** Of nothing, as hex in base64: Ollama signs the digest of a request's body with each request. */
const EMPTY_DIGEST =
  "ZTNiMGM0NDI5OGZjMWMxNDlhZmJmNGM4OTk2ZmI5MjQyN2FlNDFlNDY0OWI5MzRjYTQ5NTk5MWI3ODUyYjg1NQ==";

export interface AuthorizerOptions {
  readonly transport: HttpTransport;
  readonly hosts: InsecureHosts;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
  readonly ollamaKey?: OllamaKey | undefined;
  readonly env: Readonly<NodeJS.ProcessEnv>;
}

/** What the token service of a registry is asked with. */
interface TokenRequest {
  readonly repository: Repository;
  readonly challenge: Challenge;
  readonly signal: AbortSignal | undefined;
}

/** Finds out what to show a registry: the key of an Ollama, a login of docker or podman, a token that everybody gets, or nothing. */
export class Authorizer {
  readonly #options: AuthorizerOptions;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /** Before the registry has said anything. Hugging Face limits strangers, and says nothing of tokens. */
  atFirst(repository: Repository): Authorization {
    const token = isHuggingFace(repository.base) ? this.#options.env["HF_TOKEN"] : undefined;
    if (!token) return without("", repository);
    if (!TOKEN.test(token)) {
      throw new DefinitionError("USAGE", "Cannot use HF_TOKEN: no token has such characters", {
        hint: "See whether a space or the end of a line came with it.",
      });
    }
    return { header: `Bearer ${token}`, asked: withLogin("the token in HF_TOKEN", repository) };
  }

  /** After the registry has refused what it was shown, with the WWW-Authenticate header of that answer. */
  async afterRefusal(
    header: string | undefined,
    repository: Repository,
    signal: AbortSignal | undefined,
  ): Promise<Authorization> {
    const first = this.atFirst(repository);
    if (first.header !== undefined) return first;
    const challenge = parseChallenge(header);
    if (challenge !== undefined) this.#assertAllowed(challenge, repository);
    const { ollamaKey } = this.#options;
    // As Ollama since 0.14.3: a signature is for the registry itself, and not for whoever it names.
    if (ollamaKey !== undefined && challenge?.realm.host === repository.base.host)
      return this.#withKey(ollamaKey, { repository, challenge, signal });
    const owner = { registry: repository.base.host, path: repository.path };
    const { login, inVain } = await findLogin(owner, { env: this.#options.env, signal });
    const missing = isHuggingFace(repository.base) ? `HF_TOKEN is not set; ${inVain}` : inVain;
    if (challenge !== undefined) {
      const asked =
        login === undefined
          ? without(missing, repository).asked
          : withLogin(login.from, repository);
      const token = await this.#token({ repository, challenge, signal }, { asked, login });
      return { header: `Bearer ${token}`, asked };
    }
    if (login === undefined) return without(missing, repository);
    const shown = directly(login.secret, header);
    if (shown !== undefined) return { header: shown, asked: withLogin(login.from, repository) };
    return without(`${login.from} is not of the kind that it takes`, repository);
  }

  async #withKey(key: OllamaKey, request: TokenRequest): Promise<Authorization> {
    const url = tokenUrl(request.challenge);
    url.searchParams.set("ts", String(Math.floor(Date.now() / 1000)));
    url.searchParams.set("nonce", randomBytes(16).toString("base64url"));
    url.searchParams.sort();
    const signed = key.authorization(`GET,${url.href},${EMPTY_DIGEST}`);
    const asked = { how: `with ${key.from}`, hasLogin: true, ifRefused: HINT_WITH_KEY };
    const headers = { ...this.#options.headers, Authorization: signed };
    const answer = await this.#options.transport.send({ url, headers }, request.signal);
    return { header: `Bearer ${await tokenIn({ ...answer, asked }, request)}`, asked };
  }

  async #token(
    request: TokenRequest,
    { asked, login }: Pick<Authorization, "asked"> & { readonly login?: Login | undefined },
  ): Promise<string> {
    const secret = login?.secret;
    if (secret?.kind === "registryToken") return secret.token;
    const answer =
      secret?.kind === "identityToken"
        ? await this.#exchange(secret.token, request)
        : await this.#askForToken(secret, request);
    return tokenIn({ ...answer, asked }, request);
  }

  #askForToken(secret: RegistrySecret | undefined, request: TokenRequest): Promise<HttpAnswer> {
    const authorization = secret?.kind === "password" ? { Authorization: basic(secret) } : {};
    const headers = { ...this.#options.headers, ...authorization };
    const url = tokenUrl(request.challenge);
    return this.#options.transport.send({ url, headers }, request.signal);
  }

  /** https://distribution.github.io/distribution/spec/auth/oauth/ */
  #exchange(token: string, request: TokenRequest): Promise<HttpAnswer> {
    const { service = "", scope = "" } = request.challenge;
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      client_id: "ollama-bundle",
      service,
      scope,
      refresh_token: token,
    });
    const { headers, transport } = this.#options;
    return transport.send({ url: request.challenge.realm, headers, form }, request.signal);
  }

  #assertAllowed({ realm }: Challenge, { base }: Repository): void {
    if (this.#options.hosts.allow(realm, base)) return;
    const found = `it is to come from ${shownUrl(realm)}, which is not HTTPS`;
    throw new SourceError("REFUSED", `Cannot fetch a token for "${base.host}": ${found}`);
  }
}

async function tokenIn(
  answer: HttpAnswer,
  { repository: { base } }: TokenRequest,
): Promise<string> {
  const what = `a token for "${registryName(base.host)}"`;
  const purpose = { what, ifMissing: `Cannot fetch ${what}` };
  if (answer.status !== 200) throw await statusError(answer, purpose);
  using _body = answer.body;
  const token = await readToken(answer);
  if (token === undefined) throw badAnswer(answer.url, purpose, "the answer holds none");
  return token;
}

/** The header for a registry that names no token service. */
function directly(secret: RegistrySecret, challenge: string | undefined): string | undefined {
  if (secret.kind === "registryToken") return `Bearer ${secret.token}`;
  return secret.kind === "password" && wantsPassword(challenge) ? basic(secret) : undefined;
}

function basic({ username, password }: Extract<RegistrySecret, { kind: "password" }>): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function withLogin(from: string, repository: Repository): Authorization["asked"] {
  return { how: `with ${from}`, hasLogin: true, ifRefused: hintWithLogin(repository) };
}

function without(inVain: string, repository: Repository): Authorization {
  const how = inVain === "" ? "without a login" : `without a login: ${inVain}`;
  return { asked: { how, hasLogin: false, ifRefused: hintWithoutLogin(repository) } };
}

import type { Exchange } from "./exchange.ts";
import { sendRegistryError } from "./registry-error.ts";
import { sendText } from "./send-body.ts";
import type { Repository } from "./store-files.ts";

export interface TokenOptions {
  /** After so many requests a token is refused and another one is needed. */
  readonly usesPerToken?: number;
}

const SERVICE = "registry.example";

/**
 * Lets only requests pass that carry a token for their repository, and hands
 * out such tokens to everybody.
 *
 * Specification: https://distribution.github.io/distribution/spec/auth/token/
 */
export class TokenGate {
  readonly #uses: number;
  readonly #tokens = new Map<string, { readonly scope: string; uses: number }>();

  constructor({ usesPerToken = Number.POSITIVE_INFINITY }: TokenOptions) {
    this.#uses = usesPerToken;
  }

  /** Whether the request may pass; uses up one use of its token. */
  admits(exchange: Exchange, repository: Repository): boolean {
    const token = this.#tokens.get(bearerOf(exchange) ?? "");
    if (token === undefined || token.scope !== scopeOf(repository) || token.uses <= 0) return false;
    token.uses -= 1;
    return true;
  }

  refuse(exchange: Exchange, realm: string, repository: Repository): Promise<void> {
    const challenge = `Bearer realm="${realm}",service="${SERVICE}",scope="${scopeOf(repository)}"`;
    return sendRegistryError(exchange, {
      status: 401,
      code: "UNAUTHORIZED",
      message: "authentication required",
      headers: { "Www-Authenticate": challenge, "Content-Type": "application/json" },
    });
  }

  /** Answers the token endpoint. */
  issue(exchange: Exchange): Promise<void> {
    const { searchParams } = exchange.url;
    if (searchParams.get("service") !== SERVICE) {
      const message = "unknown service";
      return sendRegistryError(exchange, { status: 401, code: "UNAUTHORIZED", message });
    }
    const token = `opaque-token-${this.#tokens.size + 1}`;
    this.#tokens.set(token, { scope: searchParams.get("scope") ?? "", uses: this.#uses });
    const head = { status: 200, headers: { "Content-Type": "application/json" } };
    return sendText(exchange, head, JSON.stringify({ token }));
  }
}

function bearerOf({ request }: Exchange): string | undefined {
  return /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
}

function scopeOf({ namespace, model }: Repository): string {
  return `repository:${namespace}/${model}:pull`;
}

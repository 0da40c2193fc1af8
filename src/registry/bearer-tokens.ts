import { z } from "zod";
import type { HttpAnswer } from "./http-transport.ts";

const MAX_TOKEN_ANSWER = 1024 * 1024;

/** https://distribution.github.io/distribution/spec/auth/token/ */
const tokenShape = z.object({ token: z.string().optional(), access_token: z.string().optional() });

export interface Challenge {
  readonly realm: URL;
  readonly service?: string | undefined;
  readonly scope?: string | undefined;
}

/** Reads `Bearer realm="…",service="…",scope="…"`; undefined for anything else. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  if (header === undefined || !/^Bearer\s/i.test(header)) return undefined;
  const fields = new Map(
    [...header.matchAll(/([a-z_]+)="([^"]*)"/gi)].map(([, key = "", value = ""]) => [
      key.toLowerCase(),
      value,
    ]),
  );
  const realm = fields.get("realm");
  if (realm === undefined || !URL.canParse(realm)) return undefined;
  return { realm: new URL(realm), service: fields.get("service"), scope: fields.get("scope") };
}

/** The token endpoint's address for a challenge. */
export function tokenUrl({ realm, service, scope }: Challenge): URL {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  if (scope !== undefined) url.searchParams.set("scope", scope);
  return url;
}

export async function readToken({ body }: HttpAnswer): Promise<string | undefined> {
  const parsed = tokenShape.safeParse(jsonOrUndefined(await body.bytes(MAX_TOKEN_ANSWER)));
  return parsed.success ? (parsed.data.token ?? parsed.data.access_token) : undefined;
}

/** One token per repository, used until it is refused. Those who need a new one at the same time get the same one. */
export class BearerTokens {
  readonly #tokens = new Map<string, Promise<string>>();

  async current(repository: string): Promise<string | undefined> {
    return this.#tokens.get(repository)?.catch(() => undefined);
  }

  /** A token that is not `refused`. */
  async renew(
    repository: string,
    refused: string | undefined,
    fetch: () => Promise<string>,
  ): Promise<string> {
    const known = this.#tokens.get(repository);
    if (known !== undefined && (await known.catch(() => refused)) !== refused) return known;
    if (this.#tokens.get(repository) !== known) return this.renew(repository, refused, fetch);
    const fresh = fetch();
    this.#tokens.set(repository, fresh);
    return fresh;
  }
}

function jsonOrUndefined(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}

import { z } from "zod";
import { jsonOrUndefined } from "../core/json-or-undefined.ts";
import type { HttpAnswer } from "./http-transport.ts";

const MAX_TOKEN_ANSWER = 1024 * 1024;
/** A scheme and its fields; a registry may name several, one after the other. */
const BEARER = /(?:^|,)\s*Bearer\s+(?<fields>(?:[\w-]+="[^"]*"[\s,]*)+)/i;
const BASIC = /(?:^|,)\s*Basic\b/i;

/** Of characters that a header can have. */
export const TOKEN = /^[\x21-\x7e]+$/;

/** https://distribution.github.io/distribution/spec/auth/token/ */
const token = z.string().regex(TOKEN).optional().catch(undefined);
const tokenShape = z.object({ token, access_token: token });

/** How a registry wants to be asked for a token. */
export interface Challenge {
  readonly realm: URL;
  readonly service?: string | undefined;
  readonly scope?: string | undefined;
}

/** Reads `Bearer realm="…",service="…",scope="…"` in a WWW-Authenticate header; undefined where there is none. */
export function parseChallenge(header = ""): Challenge | undefined {
  const text = BEARER.exec(header)?.groups?.["fields"] ?? "";
  const fields = new Map(
    [...text.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [
      key.toLowerCase(),
      value,
    ]),
  );
  const realm = fields.get("realm");
  if (realm === undefined || !URL.canParse(realm)) return undefined;
  return { realm: new URL(realm), service: fields.get("service"), scope: fields.get("scope") };
}

/** Whether a WWW-Authenticate header asks for a user's name and password. */
export function wantsPassword(header = ""): boolean {
  return BASIC.test(header);
}

/** The token endpoint's address for a challenge. */
export function tokenUrl({ realm, service, scope }: Challenge): URL {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  if (scope !== undefined) url.searchParams.set("scope", scope);
  return url;
}

export async function readToken({ body }: HttpAnswer): Promise<string | undefined> {
  const parsed = tokenShape.safeParse(jsonOrUndefined(String(await body.bytes(MAX_TOKEN_ANSWER))));
  return parsed.success ? (parsed.data.token ?? parsed.data.access_token) : undefined;
}

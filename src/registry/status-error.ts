import { z } from "zod";
import { formatCount } from "../core/format-count.ts";
import { SourceError } from "../core/errors.ts";
import { jsonOrUndefined } from "../core/json-or-undefined.ts";
import { TransientFailure } from "../core/retry.ts";
import { shownUrl } from "./http-address.ts";
import type { HttpAnswer } from "./http-transport.ts";
import { PROXY_LOGIN } from "./network-error.ts";

/** What a request is for, in messages. */
export interface Purpose {
  /** `the manifest of "tiny:latest"` */
  readonly what: string;
  /** Says that the registry does not have it: `Cannot find model "tiny:latest"`. */
  readonly ifMissing: string;
}

/** More than any header: what a registry repeats of it is here in whole, and so found. */
const MAX_ERROR_TEXT = 65_536;
/** Who waits longer than this is better told, and comes again. */
const MAX_WAIT_MS = 600_000;

/** https://distribution.github.io/distribution/spec/api/#errors; Ollama's registry answers some with plain text. */
const errorShape = z.object({ errors: z.array(z.object({ message: z.string() })).min(1) });

/** The error for an answer that is no success; uses up its body. */
export async function statusError(
  answer: HttpAnswer,
  { what, ifMissing }: Purpose,
): Promise<Error> {
  const { status, url, asked, ollamaVersion } = answer;
  const said = await textOf(answer);
  const at = `${shownUrl(url)} answers ${status}${said === "" ? "" : `: ${said}`}`;
  if (status === 404) {
    return new SourceError("NOT_FOUND", `${ifMissing}: ${at}`, {
      hint: "Check the spelling of name and tag.",
    });
  }
  if (status === 412) {
    return new SourceError(
      "NEWER_OLLAMA_NEEDED",
      `Cannot fetch ${what}: a newer Ollama${ollamaVersion === undefined ? "" : ` than ${ollamaVersion}`} is needed; ${at}`,
      {
        hint: "Pack a newer image with --image ollama/ollama:VERSION.",
      },
    );
  }
  if (status === 401 || status === 403) {
    const how = asked === undefined ? "" : `; it was asked ${asked.how}`;
    return new SourceError("REFUSED", `Cannot fetch ${what}: ${at}${how}`, {
      hint: asked?.ifRefused ?? "Try again; if it stays, ask who runs that host.",
    });
  }
  if (status === 407)
    return new SourceError("REFUSED", `Cannot fetch ${what}: ${at}`, { hint: PROXY_LOGIN });
  const isTemporary = status === 408 || status === 425 || status === 429 || status >= 500;
  if (!isTemporary) return new SourceError("BAD_ANSWER", `Cannot fetch ${what}: ${at}`);
  return notNow(`Cannot fetch ${what}: ${at}`, answer);
}

/** A registry that says no for now, and how long it wants to be left alone. */
function notNow(message: string, answer: HttpAnswer): Error {
  const waitMs = retryAfter(answer);
  const isStranger = answer.status === 429 && answer.asked?.hasLogin === false;
  const login = isStranger ? ` Those who log in wait less. ${answer.asked.ifRefused}` : "";
  if (waitMs > MAX_WAIT_MS) {
    const seconds = formatCount(Math.ceil(waitMs / 1000));
    return new SourceError("UNREACHABLE", `${message}; it asks to wait ${seconds} seconds`, {
      hint: `Try again after that: what came so far is kept.${login}`,
    });
  }
  const error = new SourceError("UNREACHABLE", message, {
    hint: `Try again later: what came so far is kept.${login}`,
  });
  return new TransientFailure(error, { waitMs });
}

/** An answer that does not fit the request: tried again, since a proxy or a cache on the way may be to blame. */
export function badAnswer(url: URL, { what }: Purpose, found: string): TransientFailure {
  return new TransientFailure(
    new SourceError("BAD_ANSWER", `Cannot fetch ${what} from ${shownUrl(url)}: ${found}`, {
      hint: "Try again, or use another registry.",
    }),
  );
}

/** Registry text comes from outside: one short line, nothing that a terminal would obey, and no secret that it was shown. */
async function textOf({ body, secrets }: HttpAnswer): Promise<string> {
  using _body = body;
  const bytes = await body.bytes(MAX_ERROR_TEXT).catch(() => Buffer.alloc(0));
  const text = bytes.toString("utf8");
  const parsed = errorShape.safeParse(jsonOrUndefined(text));
  const message = parsed.success ? (parsed.data.errors[0]?.message ?? "") : text;
  return secrets
    .reduce((shown, secret) => shown.replaceAll(secret, "…"), message)
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, " ")
    .trim()
    .slice(0, 300);
}

/** Milliseconds that a Retry-After header (RFC 9110 §10.2.3) asks for. */
function retryAfter({ headers }: HttpAnswer): number {
  const value = headers["retry-after"];
  if (value === undefined) return 0;
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(wait) ? 0 : Math.max(wait, 0);
}

import { SourceError, hasCode, messageOf } from "../core/errors.ts";
import { TransientFailure } from "../core/retry.ts";
import { proxyOf, shownUrl } from "./http-address.ts";
import type { HttpRequest } from "./http-request.ts";

/** Set when a server says nothing for too long; Node has no error for that. */
export class StalledError extends Error {
  readonly code = "STALLED";

  constructor(seconds: number) {
    super(`nothing came for ${seconds} s`);
    this.name = "StalledError";
  }
}

/** `…:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:../deps/…` */
const OPENSSL_REASON = /:error:[^:]*:[^:]*:[^:]*:([^:]+):/;

/** What to do where a proxy answers 407. */
export const PROXY_LOGIN =
  "The proxy wants a login: write it as in HTTPS_PROXY=http://user:password@proxy.example:3128 (special characters as %40), and the same in HTTP_PROXY.";

/** What a request failed on, other than an answer: to be tried again, unless it is a matter of certificates or protocols. */
export function networkError(
  error: unknown,
  { url, ledBy }: Pick<HttpRequest, "url" | "ledBy">,
  env: Readonly<NodeJS.ProcessEnv>,
): Error {
  const proxy = proxyOf(url, env);
  const through = proxy === undefined ? "" : ` through the proxy ${proxy}`;
  const led = ledBy === undefined ? "" : ` (${ledBy} leads there)`;
  const why = reasonOf(error);
  const hint = hintFor(error, { url, proxy });
  const failure = new SourceError(
    "UNREACHABLE",
    `Cannot reach ${shownUrl(url)}${led}${through}: ${why}`,
    {
      hint:
        hint ??
        "Check the network, and HTTPS_PROXY and NO_PROXY; then try again: what came so far is kept.",
      cause: error,
    },
  );
  return hint === undefined ? new TransientFailure(failure) : failure;
}

/** Node says "aborted" or "socket hang up" of a cut, nothing where all of a host's addresses refuse, and of TLS where in OpenSSL it failed. */
function reasonOf(error: unknown): string {
  if (hasCode(error, "ECONNRESET")) return "the connection was cut";
  const message = messageOf(error);
  const inTls = OPENSSL_REASON.exec(message)?.[1];
  if (inTls !== undefined) return `TLS fails: ${inTls}`;
  return message || (error instanceof Error && "code" in error ? String(error.code) : "");
}

/** For what would fail the same way every time. */
function hintFor(
  error: unknown,
  { url, proxy }: { readonly url: URL; readonly proxy: string | undefined },
): string | undefined {
  if (hasCode(error, "EPROTO") && url.protocol === "http:")
    return "Where the proxy speaks plain HTTP, write it with http:// in HTTP_PROXY.";
  if (hasCode(error, "EPROTO")) {
    return `Where ${url.host} speaks plain HTTP, say so with --insecure-registry ${url.host}.`;
  }
  if (hasCode(error, "CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"))
    return `See whether this machine's clock is right; if it is, ask who runs ${url.host}.`;
  if (hasCode(error, "ERR_TLS_CERT_ALTNAME_INVALID"))
    return "Ask for it by the name that its certificate is for.";
  if (
    error instanceof Error &&
    "code" in error &&
    /CERT|SIGNATURE|ISSUER/.test(String(error.code))
  ) {
    return "If a private authority signed its certificate, name that authority's file with --ca or in NODE_EXTRA_CA_CERTS.";
  }
  if (!hasCode(error, "ERR_PROXY_TUNNEL")) return undefined;
  // tinyproxy says 401 where it is shown a wrong password.
  if ("statusCode" in error && [401, 407].includes(Number(error.statusCode))) return PROXY_LOGIN;
  return `Ask who runs ${proxy ?? "the proxy"}, or except the host with NO_PROXY.`;
}

import { answerBlob } from "./blob-route.ts";
import type { Exchange } from "./exchange.ts";
import { answerManifest, type ManifestSource } from "./manifest-route.ts";
import { sendRegistryError } from "./registry-error.ts";
import { sendText } from "./send-body.ts";
import type { Repository } from "./store-files.ts";
import type { TokenGate } from "./token-gate.ts";

export interface RegistryState extends ManifestSource {
  /** Without the trailing slash. */
  readonly url: string;
  /** Where blobs are redirected to; undefined where the registry serves them itself. */
  readonly storageUrl: string | undefined;
  readonly tokens: TokenGate | undefined;
}

const REPOSITORY_PATH =
  /^\/v2\/(?<namespace>[^/]+)\/(?<model>[^/]+)\/(?<kind>manifests|blobs)\/(?<reference>[^/]+)$/;

/** Answers a request to the registry itself. */
export async function answer(exchange: Exchange, state: RegistryState): Promise<void> {
  const { pathname } = exchange.url;
  if (await answeredByFault(exchange)) return;
  if (pathname === "/token") return answerToken(exchange, state);
  if (pathname === "/v2/") return sendJson(exchange, {});
  const groups = REPOSITORY_PATH.exec(pathname)?.groups;
  if (groups === undefined) return unknown(exchange);
  const { namespace = "", model = "", kind, reference = "" } = groups;
  const repository: Repository = { namespace, model };
  if (state.tokens !== undefined && !state.tokens.admits(exchange, repository)) {
    return state.tokens.refuse(exchange, `${state.url}/token`, repository);
  }
  if (kind === "manifests") return answerManifest(exchange, state, { repository, reference });
  return answerOrRedirectBlob(exchange, state, reference);
}

/** Answers a request to the storage behind the registry: blobs, without a token. */
export async function answerStorage(exchange: Exchange, store: string): Promise<void> {
  if (await answeredByFault(exchange)) return;
  return answerBlob(exchange, store, exchange.url.pathname.split("/").at(-1) ?? "");
}

async function answeredByFault(exchange: Exchange): Promise<boolean> {
  const { effect } = exchange;
  if (effect?.type === "no-answer") return true;
  if (effect?.type !== "status") return false;
  const headers = { "Content-Type": "text/plain; charset=utf-8", ...effect.headers };
  await sendText(exchange, { status: effect.status, headers }, effect.body ?? "");
  return true;
}

function answerToken(exchange: Exchange, { tokens }: RegistryState): Promise<void> {
  return tokens === undefined ? unknown(exchange) : tokens.issue(exchange);
}

async function answerOrRedirectBlob(
  exchange: Exchange,
  state: RegistryState,
  digest: string,
): Promise<void> {
  if (state.storageUrl === undefined || exchange.request.method === "HEAD") {
    return answerBlob(exchange, state.store, digest);
  }
  const location = `${state.storageUrl}/storage${exchange.url.pathname}`;
  const headers = { Location: location, "Content-Type": "text/html; charset=utf-8" };
  return sendText(exchange, { status: 307, headers }, "");
}

function sendJson(exchange: Exchange, value: unknown): Promise<void> {
  const headers = { "Content-Type": "application/json; charset=utf-8" };
  return sendText(exchange, { status: 200, headers }, JSON.stringify(value));
}

function unknown(exchange: Exchange): Promise<void> {
  const message = "repository name not known to registry";
  return sendRegistryError(exchange, { status: 404, code: "NAME_UNKNOWN", message });
}

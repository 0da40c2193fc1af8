import { text } from "node:stream/consumers";
import * as http from "node:http";
import * as https from "node:https";
import type { ModelName } from "../store/model-name.ts";

/** A registry as Ollama talks to it. */
export interface RegistryClient {
  /** The manifest's bytes; rejects with Ollama's words. */
  manifest(): Promise<string>;
  /** A request about a blob, with the token if one was asked for. */
  blob(digest: string, method: "HEAD" | "GET"): Promise<Reply>;
}

export interface Reply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly url: URL;
  readonly message: http.IncomingMessage;
}

export interface ClientOptions {
  readonly insecure: boolean;
  readonly version: string;
  readonly signal: AbortSignal;
}

const MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json";

export function registryClient(name: ModelName, options: ClientOptions): RegistryClient {
  const { host, namespace, model, tag } = name;
  const base = `${options.insecure ? "http" : "https"}://${host}/v2/${namespace}/${model}`;
  const headers = { "User-Agent": `ollama/${options.version} (amd64 linux) Go/go1.26.8` };
  let token: string | undefined;

  async function ask(url: URL, method: string, extra: Record<string, string> = {}): Promise<Reply> {
    const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const all = { ...headers, ...extra, ...authorization };
    const reply = await send(url, { method, headers: all, signal: options.signal });
    if (reply.status !== 401 || token !== undefined) return reply;
    reply.message.resume();
    token = await fetchToken(reply, { headers, signal: options.signal });
    return ask(url, method, extra);
  }

  return {
    async manifest() {
      const url = new URL(`${base}/manifests/${tag}`);
      const reply = await ask(url, "GET", { Accept: MANIFEST_TYPE });
      const body = await text(reply.message);
      if (reply.status === 404) throw new Error("file does not exist");
      if (reply.status >= 400) throw new Error(`${reply.status}: ${body}`);
      return body;
    },
    blob: (digest, method) => ask(new URL(`${base}/blobs/${digest}`), method),
  };
}

/** One request, redirects not followed; rejects with Go's words. */
export function send(
  url: URL,
  options: http.RequestOptions & { readonly signal: AbortSignal },
): Promise<Reply> {
  const { request } = url.protocol === "https:" ? https : http;
  return new Promise((resolve, reject) => {
    const asked = request(url, { ...options, agent: false }, (message) => {
      resolve({ status: message.statusCode ?? 0, headers: message.headers, url, message });
    });
    asked.once("error", (error) =>
      reject(new Error(connectionError(url, error), { cause: error })),
    );
    asked.end();
  });
}

/** Specification: https://distribution.github.io/distribution/spec/auth/token/ */
async function fetchToken(
  { headers }: Reply,
  options: { readonly headers: Record<string, string>; readonly signal: AbortSignal },
): Promise<string> {
  const challenge = headers["www-authenticate"] ?? "";
  const field = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1] ?? "";
  const url = new URL(field("realm"));
  url.searchParams.set("service", field("service"));
  url.searchParams.set("scope", field("scope"));
  const { token } = JSON.parse(await text((await send(url, options)).message));
  return token;
}

function connectionError(url: URL, error: Error): string {
  const { code = "" } = error as NodeJS.ErrnoException;
  const what =
    code === "EPROTO" || code.startsWith("ERR_SSL")
      ? "http: server gave HTTP response to HTTPS client"
      : `dial tcp: ${error.message}`;
  return `Get "${url.href}": ${what}`;
}

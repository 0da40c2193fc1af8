import * as http from "node:http";
import { text } from "node:stream/consumers";
import { type Environment, hostFromEnvironment } from "../settings.ts";

interface ServerRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

const NO_SERVER = "could not connect to ollama server, run 'ollama serve' to start it";

/** Asks the server; rejects with the text of its error, or with the well-known one where none answers. */
export async function askServer(
  env: Environment,
  request: ServerRequest,
): Promise<http.IncomingMessage> {
  const reply = await send(env, request);
  if ((reply.statusCode ?? 0) < 400) return reply;
  const body = await text(reply);
  throw new Error(errorOf(body));
}

export async function askForJson<T>(env: Environment, request: ServerRequest): Promise<T> {
  return JSON.parse(await text(await askServer(env, request)));
}

function send(
  env: Environment,
  { method, path, body }: ServerRequest,
): Promise<http.IncomingMessage> {
  const { host, port } = hostFromEnvironment(env);
  const proxy = proxyFor(env, host);
  const target = `http://${host}:${port}${path}`;
  const options =
    proxy === undefined
      ? { host, port, path }
      : {
          host: proxy.hostname,
          port: proxy.port || 80,
          path: target,
          headers: { Host: `${host}:${port}` },
        };
  return new Promise((resolve, reject) => {
    const content = body === undefined ? "" : JSON.stringify(body);
    const asked = http.request({ ...options, method, agent: false }, resolve);
    // Node sends no body with a DELETE whose length is not stated.
    if (content !== "") asked.setHeader("Content-Length", Buffer.byteLength(content));
    asked.once("error", () => reject(new Error(NO_SERVER)));
    asked.end(content);
  });
}

/** As Go's HTTP client: loopback addresses never go to a proxy, but 0.0.0.0 does. */
function proxyFor(env: Environment, host: string): URL | undefined {
  const address = env["HTTP_PROXY"] || env["http_proxy"];
  if (!address || host === "localhost" || host === "::1" || host.startsWith("127."))
    return undefined;
  const exceptions = (env["NO_PROXY"] || env["no_proxy"] || "")
    .split(",")
    .map((entry) => entry.trim());
  const excepted = exceptions.some(
    (entry) => entry === "*" || entry === host || (entry.startsWith(".") && host.endsWith(entry)),
  );
  return excepted ? undefined : new URL(address.includes("://") ? address : `http://${address}`);
}

function errorOf(body: string): string {
  try {
    return JSON.parse(body).error;
  } catch {
    return body;
  }
}

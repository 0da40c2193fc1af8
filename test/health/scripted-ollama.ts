import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import type { ExpectedModel } from "../../src/health/health-report.ts";

type Json = Readonly<Record<string, unknown>>;

/** A string is sent as plain text. */
export interface Reply {
  readonly status?: number;
  readonly body: string | Json;
}

/** `hang up` closes the connection without an answer. */
export type Route = (body: Json) => Reply | "silence" | "hang up";

export interface ScriptedOllama extends AsyncDisposable {
  readonly url: URL;
  /** `POST /api/generate` and the body that came with it, in order. */
  readonly asked: readonly { readonly what: string; readonly body: Json }[];
}

export const TINY: ExpectedModel = {
  name: "registry.ollama.ai/library/tiny:latest",
  digest: "8edad6f01a1ece4b6408fad7c400cc444f1f5ce49f41164997950ab6be9d6181",
  size: 141_716,
  capabilities: ["completion"],
};

/** An Ollama with one healthy model, "tiny:latest"; `routes` replaces what it answers, by method and path. */
export async function scriptedOllama(
  routes: Readonly<Record<string, Route>> = {},
): Promise<ScriptedOllama> {
  const asked: { what: string; body: Json }[] = [];
  const all: Readonly<Record<string, Route>> = { ...healthyRoutes(), ...routes };
  const server = http.createServer((request, response) => void answer(request, response));

  async function answer(request: http.IncomingMessage, response: http.ServerResponse) {
    const body = request.method === "POST" ? ((await json(request)) as Json) : {};
    const what = `${request.method} ${request.url}`;
    asked.push({ what, body });
    const reply = all[what]?.(body) ?? { status: 404, body: "404 page not found" };
    if (reply === "silence") return;
    if (reply === "hang up") {
      request.socket.destroy();
      return;
    }
    response.statusCode = reply.status ?? 200;
    response.end(typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body));
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function healthyRoutes(): Record<string, Route> {
  const loaded = { name: "tiny:latest", size: 372_224, size_vram: 0 };
  let isLoaded = false;
  return {
    "GET /": () => ({ body: "Ollama is running" }),
    "GET /api/version": () => ({ body: { version: "0.24.0" } }),
    "GET /api/status": () => ({ body: { cloud: { disabled: true, source: "env" } } }),
    "GET /api/tags": () => ({
      body: { models: [{ name: "tiny:latest", digest: TINY.digest, size: TINY.size }] },
    }),
    "POST /api/show": () => ({ body: { capabilities: ["completion"] } }),
    "GET /api/ps": () => ({ body: { models: isLoaded ? [loaded] : [] } }),
    "POST /api/generate": ({ keep_alive: keepAlive }) => {
      isLoaded = keepAlive !== 0;
      return { body: { done: true, eval_count: isLoaded ? 8 : 0 } };
    },
  };
}

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "./log.ts";
import { Runners } from "./runner/runners.ts";
import { answerRequest } from "./serve/answer-request.ts";
import { answeredByGuard } from "./serve/guard.ts";
import { type Settings, settingsFromEnvironment } from "./settings.ts";
import { prepareStore } from "./store/prune-store.ts";

export interface StandInOptions extends Partial<Settings> {
  /** The store; read on every request. */
  readonly models: string;
  readonly host?: string;
  /** 0, the default, takes one that is free. */
  readonly port?: number;
  readonly log?: Log;
}

export interface OllamaStandIn extends AsyncDisposable {
  /** "http://127.0.0.1:12345" */
  readonly url: string;
  readonly port: number;
  /** Every request so far, as "POST /api/generate". */
  readonly requests: readonly string[];
}

/**
 * A server that answers for a store as Ollama 0.24.0 was recorded to
 * (`test/contract`), inference excepted: what it says is made of a hash.
 *
 * Resolves when it answers. Rejects where `ollama serve` would exit with 1.
 */
export async function startOllamaStandIn(options: StandInOptions): Promise<OllamaStandIn> {
  const { host = "127.0.0.1", port = 0, log = () => {}, ...given } = options;
  const settings = { ...settingsFromEnvironment({}), ...given };
  const requests: string[] = [];
  const runners = new Runners();
  const ready = Promise.withResolvers<void>();
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    requests.push(`${request.method} ${request.url}`);
    await ready.promise;
    if (answeredByGuard(request, response, isLoopback(host))) return;
    await answerRequest({ request, response }, { settings, runners, log });
  };
  const server = createServer((request, response) => void answer(request, response));
  server.listen(port, host);
  await once(server, "listening");
  const stop = async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  try {
    log("INFO", `Ollama cloud disabled: ${settings.noCloud}`);
    // The port is open from here on, but nothing is answered before all this is done.
    await prepareStore(settings.models, { noPrune: settings.noPrune, log });
    if (settings.startDelayMs > 0) await delay(settings.startDelayMs);
  } catch (error) {
    await stop();
    throw error;
  }
  const { port: chosen } = server.address() as AddressInfo;
  ready.resolve();
  return {
    url: `http://${urlHost(host)}:${chosen}`,
    port: chosen,
    requests,
    [Symbol.asyncDispose]: stop,
  };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

/** Where a client on this machine finds a server that listens there. */
function urlHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

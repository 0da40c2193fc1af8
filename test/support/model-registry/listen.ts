import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo } from "node:net";

export interface Listener extends AsyncDisposable {
  readonly port: number;
}

export interface ListenOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly tls: { readonly key: string; readonly cert: string } | undefined;
}

/** Serves until disposed; then connections under way are cut. */
export async function listen(
  answer: (request: http.IncomingMessage, response: http.ServerResponse) => Promise<void>,
  { host, port, tls }: ListenOptions,
): Promise<Listener> {
  const handler: http.RequestListener = (request, response) => void answer(request, response);
  const server =
    tls === undefined ? http.createServer(handler) : https.createServer({ ...tls }, handler);
  server.listen(port, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { ListenOptions } from "node:net";
import { join } from "node:path";
import { temporaryDirectory } from "../support/temporary-directory.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface FakeEngine extends AsyncDisposable {
  /** As DOCKER_HOST writes it. */
  readonly address: string;
  /** `METHOD /path?query` of every request, in order. */
  readonly requests: readonly string[];
}

export const DOCKER_VERSION = {
  Version: "20.10.24",
  ApiVersion: "1.41",
  Os: "linux",
  Arch: "amd64",
  Components: [{ Name: "Engine", Version: "20.10.24" }],
};

/** A server on a unix socket that says it is a container engine and answers the rest as told: for what real engines do rarely. */
export async function fakeEngine(
  answer: Answer,
  version: object = DOCKER_VERSION,
): Promise<FakeEngine> {
  const directory = await temporaryDirectory();
  const path = join(directory.path, "engine.sock");
  const server = await serve(answer, { version, listen: { path } });
  return {
    address: `unix://${path}`,
    requests: server.requests,
    async [Symbol.asyncDispose]() {
      await server.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** The same on a TCP port of this machine. */
export async function fakeTcpEngine(answer: Answer): Promise<FakeEngine> {
  const listen = { host: "127.0.0.1", port: 0 };
  const server = await serve(answer, { version: DOCKER_VERSION, listen });
  return {
    address: `tcp://127.0.0.1:${server.port}`,
    requests: server.requests,
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** Answers 200 and these messages, one a line, as pull, load and build do whatever happened. */
export function messages(...lines: readonly object[]): Answer {
  return async (request, response) => {
    request.resume();
    if (!request.complete) await once(request, "end");
    response.writeHead(200, { "content-type": "application/json" });
    response.end(lines.map((line) => `${JSON.stringify(line)}\r\n`).join(""));
  };
}

async function serve(
  answer: Answer,
  { version, listen }: { version: object; listen: ListenOptions },
) {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (request.url === "/version") response.end(JSON.stringify(version));
    else void answer(request, response);
  });
  server.listen(listen);
  await once(server, "listening");
  const address = server.address();
  return {
    requests,
    port: typeof address === "object" ? address?.port : undefined,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Answers every request with an HTTP error, as engines word it. */
export function refusal(status: number, message: string): Answer {
  return (_, response) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify({ message }));
  };
}

import { readFileSync } from "node:fs";
import type { Agent } from "node:https";
import { homedir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { nodeHttp, nodeHttps } from "../core/node-http.ts";
import { readIntoOneBuffer } from "../core/read-into-one-buffer.ts";

/** How an address is reached. */
export interface DockerClient {
  readonly docker: Docker & AbortableQueries;
  /** The host at which ports that the engine publishes are reached. */
  readonly publishedHost: string;
  readonly isSocket: boolean;
}

/** What these take, and @types/dockerode does not tell. */
interface AbortableQueries {
  version(options: { readonly abortSignal?: AbortSignal }): Promise<unknown>;
  info(options: { readonly abortSignal?: AbortSignal }): Promise<unknown>;
}

/** An address that this tool does not speak to; its message completes `"<address>" …`. */
export class UnusableAddress extends Error {
  override readonly name = "UnusableAddress";
}

/**
 * A client for an address as DOCKER_HOST writes it: `unix://`, `npipe://`, `tcp://` (with TLS as DOCKER_TLS_VERIFY and
 * DOCKER_CERT_PATH say). Throws {@link UnusableAddress}.
 */
export async function createDockerClient(
  address: string,
  env: Readonly<NodeJS.ProcessEnv>,
): Promise<DockerClient> {
  const socket = /^(?:unix|npipe):\/\/(?<path>.+)$/.exec(address)?.groups?.["path"];
  const tcp = socket === undefined ? tcpAddress(address) : undefined;
  // Imported only here: it takes 0.1 s, and whoever packs models alone needs no engine.
  const { default: DockerClass } = await import("dockerode");
  if (tcp === undefined) {
    return {
      docker: new DockerClass({ ...nothingFromProcess(), socketPath: socket }),
      publishedHost: "127.0.0.1",
      isSocket: true,
    };
  }
  const { hostname, port } = tcp;
  const tls = env["DOCKER_TLS_VERIFY"] ? certificates(env) : undefined;
  const docker = new DockerClass({
    ...nothingFromProcess(),
    host: hostname,
    port: port || (tls ? 2376 : 2375),
    ...(tls && { ...tls, protocol: "https", agent: tlsAgent() }),
  });
  return { docker, publishedHost: hostname, isSocket: false };
}

/**
 * docker-modem takes whatever is missing here from process.env, DOCKER_HOST before a given socket. An agent of our own, since
 * the global one may go through a proxy, and may use a connection that the engine has just closed.
 */
function nothingFromProcess() {
  const http = nodeHttp();
  const options = { keepAlive: false, onread: readIntoOneBuffer() };
  return {
    socketPath: undefined,
    host: undefined,
    port: undefined,
    protocol: "http",
    ca: undefined,
    cert: undefined,
    key: undefined,
    timeout: undefined,
    agent: new http.Agent(options),
  } as const;
}

function tlsAgent(): Agent {
  const { Agent } = nodeHttps();
  return new Agent({ keepAlive: false });
}

function tcpAddress(address: string): URL {
  if (address.startsWith("ssh://")) {
    throw new UnusableAddress("is reached over ssh, which ollama-bundle does not speak");
  }
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isTcp = url !== undefined && ["tcp:", "http:", "https:"].includes(url.protocol);
  if (isTcp && url.hostname !== "") return url;
  throw new UnusableAddress(
    "is not an address: expected unix:///path, tcp://host:port or npipe://",
  );
}

function certificates(env: Readonly<NodeJS.ProcessEnv>): { ca: Buffer; cert: Buffer; key: Buffer } {
  const directory = env["DOCKER_CERT_PATH"] || join(env["HOME"] ?? homedir(), ".docker");
  const read = (name: string) => readFileSync(join(directory, name));
  return { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem") };
}

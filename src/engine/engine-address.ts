import { homedir } from "node:os";
import { join } from "node:path";

/** Where an engine may be, as DOCKER_HOST writes it, and who says so. */
export interface EngineAddress {
  readonly address: string;
  readonly saidBy?: string;
}

export interface AddressOptions {
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** As DOCKER_HOST writes it; goes before DOCKER_HOST. */
  readonly dockerHost?: string | undefined;
  readonly platform: NodeJS.Platform;
  /** Paths of the sockets to try where nobody names an address, instead of the usual ones. */
  readonly sockets?: readonly string[] | undefined;
}

/** The addresses to try, in order: the one that the user names and no other, else the usual sockets of Docker and Podman. */
export function engineAddresses({
  env,
  dockerHost,
  platform,
  sockets,
}: AddressOptions): readonly EngineAddress[] {
  if (dockerHost) return [{ address: dockerHost, saidBy: "the option dockerHost" }];
  const named = env["DOCKER_HOST"];
  if (named) return [{ address: named, saidBy: "DOCKER_HOST" }];
  if (platform === "win32" && sockets === undefined)
    return [{ address: "npipe:////./pipe/docker_engine" }];
  return (sockets ?? usualSockets(env)).map((path) => ({ address: `unix://${path}` }));
}

function usualSockets(env: Readonly<NodeJS.ProcessEnv>): string[] {
  const runtime = env["XDG_RUNTIME_DIR"];
  const home = env["HOME"] ?? homedir();
  return [
    "/var/run/docker.sock",
    ...(runtime ? [join(runtime, "docker.sock")] : []),
    join(home, ".docker/run/docker.sock"),
    "/run/podman/podman.sock",
    ...(runtime ? [join(runtime, "podman/podman.sock")] : []),
  ];
}

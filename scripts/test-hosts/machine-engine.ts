import { homedir } from "node:os";
import { join } from "node:path";
import { describeEngineAt } from "./engine-api.ts";
import { readIfThere } from "./process-record.ts";
import type { EngineHost } from "./test-hosts.ts";

/** Private engines need root on a Debian or one of its children. */
export function canRunPrivateHosts(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readIfThere("/etc/os-release"));
}

/** The engine that this machine already has: at DOCKER_HOST, else at the usual sockets. */
export async function findMachineEngine(): Promise<EngineHost | undefined> {
  for (const dockerHost of usualHosts()) {
    const description = await describeEngineAt(dockerHost);
    if (description !== undefined)
      return { name: "machine", dockerHost, ...description, offline: false };
  }
  return undefined;
}

function usualHosts(): readonly string[] {
  const configured = process.env["DOCKER_HOST"];
  if (configured) return [configured];
  const runtime = process.env["XDG_RUNTIME_DIR"] ?? "/run";
  const sockets = [
    "/var/run/docker.sock",
    join(runtime, "docker.sock"),
    join(homedir(), ".docker/run/docker.sock"),
    join(runtime, "podman/podman.sock"),
  ];
  return sockets.map((socket) => `unix://${socket}`);
}

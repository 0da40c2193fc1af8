import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findDaemon, startDaemon, stopDaemon } from "./daemon.ts";
import { clearEngine, describeEngineAt } from "./engine-api.ts";
import { childrenOf } from "./process-record.ts";
import { hostDirectory, shortPath } from "./state-directory.ts";
import type { EngineHost, PrivateEngineName } from "./test-hosts.ts";

export interface PrivateEngine {
  readonly name: PrivateEngineName;
  readonly offline: boolean;
  /** The program that becomes process 1 of the engine's namespaces and starts `dockerd` as its child. */
  readonly launcher: readonly string[];
  /** dockerd's configuration file, for which `config` is the path of daemon.json in the host's directory. */
  readonly config: object;
}

/**
 * Starts a dockerd, unless it runs already. Its mounts and processes live in namespaces of their own: however it
 * ends, the kernel takes shims, containers and mounts with it.
 */
export async function startPrivateEngine(engine: PrivateEngine): Promise<EngineHost> {
  const { name, offline } = engine;
  const directory = hostDirectory(name);
  const wasUp = findDaemon(directory) !== undefined;
  if (!wasUp) prepare(directory, engine.config);
  const dockerHost = `unix://${engineSocket(name)}`;
  const pid = await startDaemon({
    directory,
    argv: [...unshare, ...(offline ? ["--net"] : []), ...engine.launcher],
    isReady: async () => (await describeEngineAt(dockerHost)) !== undefined,
  });
  if (!wasUp) await clearEngine(dockerHost);
  const description = await describeEngineAt(dockerHost);
  if (description === undefined) throw new Error(`the engine at ${dockerHost} ended`);
  return {
    name,
    dockerHost,
    ...description,
    offline,
    ...(offline && { networkNamespace: `/proc/${pid}/ns/net` }),
  };
}

/** Removes what runs in the engine and stops it. */
export async function stopPrivateEngine(name: PrivateEngineName): Promise<void> {
  const directory = hostDirectory(name);
  const pid = findDaemon(directory);
  if (pid === undefined) return;
  await clearEngine(`unix://${engineSocket(name)}`).catch(() => undefined);
  const [dockerd] = childrenOf(pid).flatMap((init) => childrenOf(init, "dockerd"));
  await stopDaemon(directory, dockerd);
}

export function engineSocket(name: PrivateEngineName): string {
  return shortPath("hosts", name, "docker.sock");
}

const unshare = [
  "unshare",
  "--mount",
  "--propagation",
  "slave",
  "--pid",
  "--fork",
  "--kill-child",
  "--mount-proc",
];

function prepare(directory: string, config: object): void {
  rmSync(join(directory, "docker.sock"), { force: true });
  rmSync(join(directory, "exec"), { recursive: true, force: true });
  writeFileSync(
    join(directory, "daemon.json"),
    JSON.stringify({ "live-restore": false, ...config }),
  );
}

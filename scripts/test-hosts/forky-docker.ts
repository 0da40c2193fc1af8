import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findDaemon } from "./daemon.ts";
import { forkyRoot } from "./forky-root.ts";
import { startPrivateEngine, stopPrivateEngine } from "./private-engine.ts";
import { registryConfig, registryStorage } from "./registry.ts";
import { hostDirectory } from "./state-directory.ts";
import type { EngineHost, OnProgress } from "./test-hosts.ts";

/**
 * A dockerd of Debian's coming release with the containerd image store, in a root and a network namespace of its
 * own without any route. `registry` answers there under the same name, read-only, over the same storage.
 */
export async function startForkyDocker(
  registry: string | undefined,
  onProgress: OnProgress,
): Promise<EngineHost> {
  if (registry === undefined) throw new Error("the registry does not run");
  const root = await forkyRoot(onProgress);
  const directory = hostDirectory("docker-28");
  mkdirSync(join(directory, "data"), { recursive: true });
  if (findDaemon(directory) === undefined) {
    writeFileSync(
      join(directory, "registry.json"),
      registryConfig(registry, "/var/lib/registry", true),
    );
  }
  return startPrivateEngine({
    name: "docker-28",
    offline: true,
    launcher: [join(import.meta.dirname, "run-forky.sh"), root, directory, registryStorage()],
    config: { hosts: ["unix:///host/docker.sock"], features: { "containerd-snapshotter": true } },
  });
}

export async function stopForkyDocker(): Promise<void> {
  await stopPrivateEngine("docker-28");
}

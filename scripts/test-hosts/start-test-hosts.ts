import { rmSync, writeFileSync } from "node:fs";
import {
  startOfflineDocker,
  startOnlineDocker,
  stopOfflineDocker,
  stopOnlineDocker,
} from "./debian-docker.ts";
import { startForkyDocker, stopForkyDocker } from "./forky-docker.ts";
import { canRunPrivateHosts, findMachineEngine } from "./machine-engine.ts";
import { installPackages } from "./packages.ts";
import { startRegistry, stopRegistry } from "./registry.ts";
import { makeShortPath, removeShortPath, statePath } from "./state-directory.ts";
import type { MissingHost, OnProgress, TestHosts } from "./test-hosts.ts";

/** Starts what is not up yet, and says what this machine cannot have. Only under the lock. */
export async function startTestHosts(onProgress: OnProgress): Promise<TestHosts> {
  const hosts = await startPrivateHosts(onProgress);
  writeFileSync(stateFile(), `${JSON.stringify(hosts, null, 2)}\n`);
  return hosts;
}

/** Stops what runs, by its recorded process ids. Only under the lock. */
export async function stopTestHosts(): Promise<void> {
  rmSync(stateFile(), { force: true });
  await Promise.all([stopOnlineDocker(), stopOfflineDocker(), stopForkyDocker(), stopRegistry()]);
  removeShortPath();
}

/** What the last `up` or test run started; programs that are not tests find the hosts there. */
export function stateFile(): string {
  return statePath("hosts.json");
}

const privateHosts = ["registry", "docker-20.10", "docker-20.10-offline", "docker-28"] as const;

const packages = [
  "docker.io",
  "docker-registry",
  "skopeo",
  "tinyproxy",
  "minisign",
  "debootstrap",
  "busybox-static",
  "iproute2",
];

async function startPrivateHosts(onProgress: OnProgress): Promise<TestHosts> {
  if (!canRunPrivateHosts()) return useMachineEngine("needs root on Debian or Ubuntu");
  try {
    await installPackages(packages, onProgress);
  } catch (error) {
    return useMachineEngine(lastLine(error as Error));
  }
  makeShortPath();
  const missing: MissingHost[] = [];
  const registry = await startRegistry().catch(notedIn(missing, "registry"));
  const engines = await Promise.all([
    startOnlineDocker().catch(notedIn(missing, "docker-20.10")),
    startOfflineDocker().catch(notedIn(missing, "docker-20.10-offline")),
    startForkyDocker(registry, onProgress).catch(notedIn(missing, "docker-28")),
  ]);
  return {
    engines: engines.filter((engine) => engine !== undefined),
    ...(registry && { registry }),
    missing,
  };
}

function notedIn(missing: MissingHost[], name: MissingHost["name"]): (error: Error) => undefined {
  return (error) => {
    missing.push({ name, reason: lastLine(error) });
    return undefined;
  };
}

/** Programs say what went wrong last. */
function lastLine(error: Error): string {
  return error.message.trimEnd().split("\n").at(-1) ?? "";
}

async function useMachineEngine(reason: string): Promise<TestHosts> {
  const engine = await findMachineEngine();
  const missing = privateHosts.map((name) => ({ name, reason }));
  if (engine !== undefined) return { engines: [engine], missing };
  return { engines: [], missing: [...missing, { name: "machine", reason: "no engine answers" }] };
}

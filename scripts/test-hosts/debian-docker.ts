import { join } from "node:path";
import { engineSocket, startPrivateEngine, stopPrivateEngine } from "./private-engine.ts";
import { runCommand } from "./run-command.ts";
import { hostDirectory, shortPath, stateKey } from "./state-directory.ts";
import type { EngineHost, PrivateEngineName } from "./test-hosts.ts";

/** A dockerd of the distribution's package in our network namespace, on a bridge of its own. */
export async function startOnlineDocker(): Promise<EngineHost> {
  await makeBridge();
  // The machine's own docker0 and its firewall are not touched: docker-proxy serves published ports.
  const network = { bridge, iptables: false, ip6tables: false };
  return startDebianDocker("docker-20.10", network);
}

/** The same in a network namespace without any route. */
export async function startOfflineDocker(): Promise<EngineHost> {
  return startDebianDocker("docker-20.10-offline", {});
}

export async function stopOnlineDocker(): Promise<void> {
  await stopPrivateEngine("docker-20.10");
  await runCommand(["ip", "link", "delete", bridge]).catch(() => undefined);
}

export async function stopOfflineDocker(): Promise<void> {
  await stopPrivateEngine("docker-20.10-offline");
}

const bridge = `obt-${stateKey()}`;
// A private range that few use, and one of 256 networks in it for each state directory.
const bridgeAddress = `10.213.${Number.parseInt(stateKey().slice(0, 2), 16)}.1/24`;

async function startDebianDocker(name: PrivateEngineName, network: object): Promise<EngineHost> {
  const directory = hostDirectory(name);
  const execRoot = shortPath("hosts", name, "exec");
  return startPrivateEngine({
    name,
    offline: name.endsWith("-offline"),
    launcher: [join(import.meta.dirname, "run-dockerd.sh"), join(directory, "daemon.json")],
    config: {
      hosts: [`unix://${engineSocket(name)}`],
      "data-root": join(directory, "data"),
      "exec-root": execRoot,
      pidfile: join(execRoot, "docker.pid"),
      "storage-driver": "overlay2",
      ...network,
    },
  });
}

async function makeBridge(): Promise<void> {
  await runCommand(["ip", "link", "add", bridge, "type", "bridge"]).catch(() => undefined);
  await runCommand(["ip", "address", "replace", bridgeAddress, "dev", bridge]);
  await runCommand(["ip", "link", "set", bridge, "up"]);
}

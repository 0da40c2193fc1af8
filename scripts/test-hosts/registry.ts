import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { findDaemon, startDaemon, stopDaemon } from "./daemon.ts";
import { hostDirectory, statePath } from "./state-directory.ts";

/** Starts Debian's docker-registry over the kept storage; returns its `host:port`, the same one where it is free. */
export async function startRegistry(): Promise<string> {
  const directory = hostDirectory("registry");
  const config = join(directory, "config.json");
  if (findDaemon(directory) === undefined) {
    const port = await freePort(lastPort(config) ?? 15_000);
    writeFileSync(config, registryConfig(`127.0.0.1:${port}`, registryStorage()));
  }
  const registry = `127.0.0.1:${lastPort(config)}`;
  const isReady = () => registryAnswers(registry);
  await startDaemon({ directory, argv: ["docker-registry", "serve", config], isReady });
  return registry;
}

export async function stopRegistry(): Promise<void> {
  await stopDaemon(hostDirectory("registry"));
}

/** The folder with what was pushed; a second, read-only registry process can serve it in another namespace. */
export function registryStorage(): string {
  const storage = statePath("registry-storage");
  mkdirSync(storage, { recursive: true });
  return storage;
}

/** The registry's configuration; JSON is the YAML that needs no library. */
export function registryConfig(registry: string, rootdirectory: string, readOnly = false): string {
  return JSON.stringify({
    version: "0.1",
    log: { level: "warn", accesslog: { disabled: false } },
    storage: {
      filesystem: { rootdirectory },
      delete: { enabled: true },
      maintenance: { readonly: { enabled: readOnly } },
    },
    http: { addr: registry },
  });
}

export async function registryAnswers(registry: string): Promise<boolean> {
  try {
    return (await fetch(`http://${registry}/v2/`)).ok;
  } catch {
    return false;
  }
}

function lastPort(config: string): number | undefined {
  try {
    return Number(JSON.parse(readFileSync(config, "utf8")).http.addr.split(":")[1]);
  } catch {
    return undefined;
  }
}

async function freePort(preferred: number): Promise<number> {
  return (await tryPort(preferred)) ?? (await tryPort(0)) ?? preferred;
}

async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  } catch {
    return undefined;
  } finally {
    server.close();
  }
}

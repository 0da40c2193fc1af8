import { request } from "node:http";
import { text } from "node:stream/consumers";
import type { EngineHost } from "./test-hosts.ts";

/** What an engine says of itself, or undefined where none answers. `dockerHost` is unix://, tcp:// or http://. */
export async function describeEngineAt(
  dockerHost: string,
): Promise<Pick<EngineHost, "apiVersion" | "imageStore"> | undefined> {
  try {
    const version = JSON.parse(await ask(dockerHost, "GET", "/version"));
    const info = JSON.parse(await ask(dockerHost, "GET", "/info"));
    return { apiVersion: version.ApiVersion, imageStore: imageStoreOf(info) };
  } catch {
    return undefined;
  }
}

/** Removes every container, volume and network that tests left; images stay, since they make the next run faster. */
export async function clearEngine(dockerHost: string): Promise<void> {
  const containers: { Id: string }[] = JSON.parse(
    await ask(dockerHost, "GET", "/containers/json?all=1"),
  );
  await Promise.all(
    containers.map(({ Id }) => ask(dockerHost, "DELETE", `/containers/${Id}?force=1&v=1`)),
  );
  const { Volumes: volumes }: { Volumes: { Name: string }[] | null } = JSON.parse(
    await ask(dockerHost, "GET", "/volumes"),
  );
  await Promise.all(
    (volumes ?? []).map(({ Name }) => ask(dockerHost, "DELETE", `/volumes/${Name}?force=1`)),
  );
  await ask(dockerHost, "POST", "/networks/prune");
}

interface EngineInfo {
  readonly Driver: string;
  readonly DriverStatus?: readonly (readonly [string, string])[];
}

function imageStoreOf({ Driver, DriverStatus = [] }: EngineInfo): EngineHost["imageStore"] {
  if (DriverStatus.some(([, value]) => value === "io.containerd.snapshotter.v1"))
    return "containerd";
  return Driver === "overlay2" ? "overlay2" : "other";
}

async function ask(dockerHost: string, method: string, path: string): Promise<string> {
  const { protocol, hostname, port, pathname } = new URL(dockerHost);
  const where = protocol === "unix:" ? { socketPath: pathname } : { hostname, port };
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const call = request({ ...where, method, path, agent: false, timeout: 20_000 }, (response) => {
    text(response).then((body) => {
      if ((response.statusCode ?? 500) < 400) resolve(body);
      else reject(new Error(`${dockerHost} refused ${method} ${path}: ${body.trim()}`));
    }, reject);
  });
  call.on("timeout", () =>
    call.destroy(new Error(`${dockerHost} did not answer ${method} ${path}`)),
  );
  call.on("error", reject);
  call.end();
  return promise;
}

import { MODELS_DIRECTORY } from "../core/model-layer.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { Engine } from "../engine/engine.ts";
import { NETWORK_ALIAS } from "./engine-problems.ts";
import { type PublishAddress, publishText } from "./publish-address.ts";

export interface RunContainer {
  readonly engine: Engine;
  readonly name: string;
  readonly image: string;
  readonly publish: PublishAddress;
  readonly labels: Readonly<Record<string, string>>;
  /** The volume or the directory with the models, where they are not in the image. */
  readonly volume?: string | undefined;
  readonly directory?: string | undefined;
  readonly network?: string | undefined;
}

/** Creates and starts the server's container; it starts again with the engine. */
export async function runContainer(
  { engine, volume, directory, network, ...spec }: RunContainer,
  options: WorkOptions,
): Promise<void> {
  options.signal?.throwIfAborted();
  options.onProgress?.({
    kind: "step",
    text: `Starting the container "${spec.name}" at ${publishText(spec.publish)}`,
  });
  await engine.createContainer({
    ...spec,
    restart: "unless-stopped",
    ...(volume !== undefined && { volumes: { [volume]: MODELS_DIRECTORY } }),
    ...(directory !== undefined && { directories: { [directory]: MODELS_DIRECTORY } }),
  });
  // Besides the network that it is published from: one that is internal publishes nothing.
  if (network !== undefined)
    await engine.joinNetwork(network, { container: spec.name, alias: NETWORK_ALIAS });
  await engine.startContainer(spec.name);
}

/** Where this host reaches a server published on the engine's host. */
export function serverUrl({ publishedHost }: Engine, { ip, port }: PublishAddress): string {
  const isEngineItself = ip.startsWith("127.") || ["0.0.0.0", "::", "::1"].includes(ip);
  const host =
    ip === "::1" && publishedHost === "127.0.0.1" ? ip : isEngineItself ? publishedHost : ip;
  return `http://${publishText({ ip: host, port })}`;
}

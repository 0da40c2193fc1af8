import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type ModelRegistry, startModelRegistry } from "../../support/model-registry.ts";
import type { DockerHost } from "./docker-host.ts";

const PROGRAM = join(import.meta.dirname, "../../support/model-registry/main.ts");

/** A model registry in this process, where the engine's containers reach it; the engine has to be in our network namespace. */
export async function registryForContainers(
  docker: DockerHost,
  store: string,
): Promise<ModelRegistry> {
  return await startModelRegistry({ store, listenHost: await gatewayOf(docker) });
}

/** The same as a program in the engine's own network namespace; `host` as it stands in a model's name. */
export async function registryBesideEngine(
  docker: DockerHost,
  store: string,
): Promise<{ readonly host: string } & AsyncDisposable> {
  const { networkNamespace } = docker.host;
  const argv: readonly string[] = [
    ...(networkNamespace ? ["nsenter", `--net=${networkNamespace}`, "--"] : []),
    process.execPath,
    PROGRAM,
    "--store",
    store,
    "--host",
    await gatewayOf(docker),
  ];
  const [program = "", ...args] = argv;
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [url] = await once(createInterface(child.stdout), "line");
  return {
    host: new URL(url).host,
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** The engine's host, as its containers see it. */
function gatewayOf(docker: DockerHost): Promise<string> {
  const format = "{{(index .IPAM.Config 0).Gateway}}";
  return docker.docker("network", "inspect", "bridge", "--format", format);
}

import type Docker from "dockerode";
import type { ContainerSpec } from "./engine.ts";

const OLLAMA_PORT = "11434/tcp";

/** The body of `POST /containers/create`. */
export function containerRequest(spec: ContainerSpec): Docker.ContainerCreateOptions {
  const { publish, volumes = {}, directories = {}, restart = "no", network = "default" } = spec;
  return {
    name: spec.name,
    Image: spec.image,
    Labels: { ...spec.labels },
    ...(spec.entrypoint && { Entrypoint: [...spec.entrypoint] }),
    ...(spec.command && { Cmd: [...spec.command] }),
    ...(spec.env && { Env: [...spec.env] }),
    ...(publish && { ExposedPorts: { [OLLAMA_PORT]: {} } }),
    HostConfig: {
      RestartPolicy: { Name: restart },
      ...(network === "none" && { NetworkMode: "none" }),
      ...(publish && {
        PortBindings: { [OLLAMA_PORT]: [{ HostIp: publish.ip, HostPort: String(publish.port) }] },
      }),
      // Not among Mounts, which have no SELinux option. "z": shared, since this host's own programs use the files too.
      Binds: Object.entries(directories).map(([source, target]) => `${source}:${target}:z`),
      Mounts: Object.entries(volumes).map(([Source, Target]) => ({
        Type: "volume",
        Source,
        Target,
      })),
    },
  };
}

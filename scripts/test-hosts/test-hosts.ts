/** What a test can be run against. */
export interface TestHosts {
  readonly engines: readonly EngineHost[];
  /** `127.0.0.1:PORT` of a plain HTTP registry that every private engine reaches under that name. */
  readonly registry?: string;
  /** Hosts that could not be had on this machine, and why. */
  readonly missing: readonly MissingHost[];
}

export interface EngineHost {
  readonly name: EngineName;
  /** `unix:///path/to/docker.sock`, or whatever DOCKER_HOST says for the machine's own engine. */
  readonly dockerHost: string;
  readonly apiVersion: string;
  readonly imageStore: "overlay2" | "containerd" | "other";
  /** The engine's network namespace has a loopback device and no route. */
  readonly offline: boolean;
  /** Path of the engine's network namespace, where it is not ours. */
  readonly networkNamespace?: string;
}

/** `machine` is the engine that was there already, where no private one can be started. */
export type EngineName = PrivateEngineName | "machine";

export type PrivateEngineName = "docker-20.10" | "docker-20.10-offline" | "docker-28";

export interface MissingHost {
  readonly name: EngineName | "registry";
  readonly reason: string;
}

export type OnProgress = (line: string) => void;

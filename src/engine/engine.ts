import type { Readable } from "node:stream";
import type { WorkOptions } from "../core/progress.ts";
import type { RegistrySecret } from "../core/registry-secret.ts";

/** What a container engine says of itself. */
export interface EngineInfo {
  /** `Docker` or `Podman` */
  readonly product: string;
  readonly version: string;
  readonly apiVersion: string;
  /** `linux/amd64`, `linux/arm64` … : what its images must be. */
  readonly platform: string;
  /** Whether images are in containerd's store (Docker 25 and newer), where an image id is a manifest digest. */
  readonly usesContainerdStore: boolean;
  /** Whether it says of an image in that store that content of it is missing (API 1.48, Docker 28). */
  readonly tellsWhatIsMissing: boolean;
  /** How it keeps layers: `overlay2`. */
  readonly storageDriver: string;
  /** The engine's data directory, on the engine's host. */
  readonly dataRoot: string;
  /** Whether the engine's host is this machine, so that its directories can be looked at. */
  readonly isLocal: boolean;
  /** Bytes of memory. */
  readonly memory: number;
  readonly isRootless: boolean;
  /** Whether it labels for SELinux what containers may use. */
  readonly usesSelinux: boolean;
  /** Names of what it can run containers with: `runc`, `nvidia`. */
  readonly runtimes: readonly string[];
}

export interface EngineImage {
  /** As the engine names it: a config digest, or in containerd's store a manifest digest. Only comparable on one engine. */
  readonly id: string;
  readonly tags: readonly string[];
  /** `repository@sha256:…` for each registry that it came from. */
  readonly repoDigests: readonly string[];
  readonly platform: string;
  /** Whether all of its content is there, as far as the engine says: containerd's store may have an image without some of it. */
  readonly isComplete: boolean;
  /** rootfs diff_ids: the same on every engine. */
  readonly diffIds: readonly string[];
  /** Bytes. */
  readonly size: number;
  readonly labels: Readonly<Record<string, string>>;
}

export interface EngineContainer {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly isRunning: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** `127.0.0.1:11434` for each port published on the host. */
  readonly published: readonly string[];
  /** Named volumes, and where the container has them. */
  readonly volumes: Readonly<Record<string, string>>;
  /** `NAME=value`; missing in a list of containers. */
  readonly env?: readonly string[];
}

export interface EngineNetwork {
  readonly name: string;
  /** `bridge`, `overlay`, `host`, … */
  readonly driver: string;
  /** Names of the containers that run in it. */
  readonly containers: readonly string[];
}

export interface EngineVolume {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly env?: readonly string[];
  /** Host address for the container's port 11434. */
  readonly publish?: { readonly ip: string; readonly port: number };
  /** Named volumes: name to the path in the container. */
  readonly volumes?: Readonly<Record<string, string>>;
  /** Directories of the engine's host, labelled for SELinux so that containers may use them: absolute path, without ":", to the path in the container. */
  readonly directories?: Readonly<Record<string, string>>;
  readonly restart?: "no" | "unless-stopped";
  readonly network?: "none" | "default";
}

/** A path in a container, which need not run. */
export interface ContainerPath {
  /** Its name. */
  readonly container: string;
  readonly path: string;
}

export interface BuildSpec {
  /** A tar with everything the build needs, a few KB: whole, since it may be read more than once. */
  readonly context: Buffer;
  readonly dockerfile: string;
  readonly target: string;
  readonly tag: string;
  readonly args: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

export interface PullRequest extends WorkOptions {
  /** What the engine is to show the registry; it has no logins of its own. */
  readonly login?: RegistrySecret | undefined;
}

/** Containers, networks and volumes of an engine, and the files in them. */
export interface EngineContainers {
  container(name: string): Promise<EngineContainer | undefined>;
  containers(): Promise<readonly EngineContainer[]>;
  createContainer(spec: ContainerSpec): Promise<string>;
  startContainer(name: string): Promise<void>;
  stopContainer(name: string): Promise<void>;
  renameContainer(name: string, newName: string): Promise<void>;
  /** With its anonymous volumes, running or not. No error when it is not there. */
  removeContainer(name: string): Promise<void>;
  /** The last lines of its output. */
  logs(name: string, lines: number): Promise<string>;
  /** Runs a container to its end without a network and removes it; stdout, stderr and exit code. */
  runToEnd(
    spec: ContainerSpec,
    options: WorkOptions,
  ): Promise<{ readonly exitCode: number; readonly output: string }>;
  /** Unpacks a tar, sent as by `load`, in a container's file system, its volumes included; the container need not run. */
  putArchive(
    target: ContainerPath,
    tar: AsyncIterable<Uint8Array>,
    options: WorkOptions,
  ): Promise<void>;
  /** A path of a container as a tar stream, or undefined where it is not there. */
  getArchive(from: ContainerPath, options?: WorkOptions): Promise<Readable | undefined>;

  network(name: string): Promise<EngineNetwork | undefined>;
  /** Besides those that it is in; others there reach it by the alias. */
  joinNetwork(
    name: string,
    member: { readonly container: string; readonly alias: string },
  ): Promise<void>;

  volume(name: string): Promise<EngineVolume | undefined>;
  createVolume(name: string, labels: Readonly<Record<string, string>>): Promise<void>;
  /** No error when it is not there. */
  removeVolume(name: string): Promise<void>;
}

/**
 * A container engine through its API. What is looked up by name and not there is `undefined`; every other failure is an
 * {@link EngineError} with the engine's own text. No method asks a registry for anything but `pull`. Names of images are given
 * and compared fully qualified.
 */
export interface Engine extends EngineContainers {
  /** Where the engine is reached, for messages: `unix:///var/run/docker.sock`. */
  readonly address: string;
  /** The host at which published ports are reached from here. */
  readonly publishedHost: string;

  info(options?: WorkOptions): Promise<EngineInfo>;

  image(name: string): Promise<EngineImage | undefined>;
  /** Every image that has a name and that the engine can say something of. */
  images(): Promise<readonly EngineImage[]>;
  /** Pulls for the engine's own platform; resolves only when the engine said that it worked. */
  pull(reference: string, options: PullRequest): Promise<void>;
  /** `docker save` as a tar stream; destroying it ends the request. */
  save(reference: string, options: WorkOptions): Promise<Readable>;
  /**
   * `docker load`; resolves with what the engine said it loaded, and rejects when it said nothing of the kind. Each chunk of the
   * tar is sent before the next is asked for, so that they may lie in the same memory.
   */
  load(tar: AsyncIterable<Uint8Array>, options: WorkOptions): Promise<readonly string[]>;
  /** The classic builder, without a network; resolves with the image id when the engine said that it worked. */
  build(spec: BuildSpec, options: WorkOptions): Promise<string>;
  tag(image: string, name: string): Promise<void>;
  /** Removes a name, and the image with its last name. No error when it is not there. */
  removeImage(name: string): Promise<void>;
}

import { z } from "zod";
import { OllamaBundleError } from "../core/errors.ts";
import { fullImageReference, parseImageReference } from "../core/image-reference.ts";
import type { EngineContainer, EngineImage, EngineNetwork, EngineVolume } from "./engine.ts";

// What is taken from the answers of the Docker Engine API (https://docs.docker.com/reference/api/engine/version/v1.41/), which
// Podman's compatible API gives as well. `null` stands there for anything that is empty.

const labels = z.record(z.string(), z.string()).nullish();

const version = z.object({
  Version: z.string(),
  ApiVersion: z.string(),
  Os: z.string(),
  Arch: z.string(),
  Components: z.array(z.object({ Name: z.string() })).nullish(),
});

const info = z.object({
  DockerRootDir: z.string().default(""),
  MemTotal: z.number().default(0),
  Name: z.string().default(""),
  Driver: z.string().default(""),
  DriverStatus: z.array(z.array(z.string())).nullish(),
  /** `name=rootless`, `name=selinux`, `name=seccomp,profile=default` */
  SecurityOptions: z.array(z.string()).nullish(),
  Runtimes: z.record(z.string(), z.unknown()).nullish(),
});

const image = z.object({
  Id: z.string(),
  RepoTags: z.array(z.string()).nullish(),
  RepoDigests: z.array(z.string()).nullish(),
  Os: z.string(),
  Architecture: z.string(),
  Variant: z.string().nullish(),
  Size: z.number().default(0),
  RootFS: z.object({ Layers: z.array(z.string()).nullish() }).nullish(),
  Config: z.object({ Labels: labels }).nullish(),
  Manifests: z.array(z.object({ Available: z.boolean() })).nullish(),
});

const binding = z.object({ HostIp: z.string().default(""), HostPort: z.string().default("") });
const bindings = z.record(z.string(), z.array(binding).nullable()).nullish();

const mounts = z
  .array(z.object({ Type: z.string(), Name: z.string().nullish(), Destination: z.string() }))
  .nullish();

const container = z.object({
  Id: z.string(),
  Name: z.string(),
  State: z.object({ Running: z.boolean() }),
  Config: z.object({ Image: z.string(), Labels: labels, Env: z.array(z.string()).nullish() }),
  HostConfig: z.object({ PortBindings: bindings }).nullish(),
  NetworkSettings: z.object({ Ports: bindings }).nullish(),
  Mounts: mounts,
});

const listedContainer = z.object({
  Id: z.string(),
  Names: z.array(z.string()).nullish(),
  Image: z.string(),
  State: z.string(),
  Labels: labels,
  Ports: z
    .array(z.object({ IP: z.string().nullish(), PublicPort: z.number().nullish() }))
    .nullish(),
  Mounts: mounts,
});

const network = z.object({
  Name: z.string(),
  Driver: z.string(),
  Containers: z.record(z.string(), z.object({ Name: z.string() })).nullish(),
});

const volume = z.object({ Name: z.string(), Labels: labels });

export interface VersionAnswer {
  readonly product: "Docker" | "Podman";
  readonly version: string;
  readonly apiVersion: string;
  readonly platform: string;
  readonly tellsWhatIsMissing: boolean;
}

/** The first API whose images tell of their manifests whether their content is there. */
const TELLS_WHAT_IS_MISSING = "1.48";

/** Undefined for an answer that no container engine gives. */
export function parseVersion(answer: unknown): VersionAnswer | undefined {
  const { data } = version.safeParse(answer);
  if (data === undefined) return undefined;
  const isPodman = data.Components?.some(({ Name }) => Name.startsWith("Podman")) === true;
  const { ApiVersion: api } = data;
  return {
    product: isPodman ? "Podman" : "Docker",
    version: data.Version,
    apiVersion: api,
    platform: `${data.Os}/${data.Arch}`,
    tellsWhatIsMissing:
      !isPodman && api.localeCompare(TELLS_WHAT_IS_MISSING, "en", { numeric: true }) >= 0,
  };
}

export interface InfoAnswer {
  readonly dataRoot: string;
  readonly memory: number;
  readonly hostName: string;
  readonly storageDriver: string;
  readonly usesContainerdStore: boolean;
  readonly isRootless: boolean;
  readonly usesSelinux: boolean;
  readonly runtimes: readonly string[];
}

export function parseInfo(answer: unknown): InfoAnswer {
  const { DockerRootDir, MemTotal, Name, Driver, DriverStatus, ...rest } = info.parse(answer);
  const security = (rest.SecurityOptions ?? []).map((option) => option.split(",")[0]);
  return {
    isRootless: security.includes("name=rootless"),
    usesSelinux: security.includes("name=selinux"),
    runtimes: Object.keys(rest.Runtimes ?? {}).toSorted(),
    dataRoot: DockerRootDir,
    memory: MemTotal,
    hostName: Name,
    storageDriver: Driver,
    usesContainerdStore:
      DriverStatus?.some(([, value]) => value === "io.containerd.snapshotter.v1") === true,
  };
}

export function parseImage(answer: unknown): EngineImage {
  const { Id, RepoTags, RepoDigests, Os, Architecture, Variant, ...rest } = image.parse(answer);
  const manifests = rest.Manifests ?? [];
  const variant = Architecture === "arm64" || !Variant ? "" : `/${Variant}`;
  return {
    id: Id,
    tags: fullNames(RepoTags),
    repoDigests: fullNames(RepoDigests),
    platform: `${Os}/${Architecture}${variant}`,
    // Without any platform an engine shows what it cannot read the config of.
    isComplete: Os !== "" && (manifests.length === 0 || manifests.some((each) => each.Available)),
    diffIds: rest.RootFS?.Layers ?? [],
    size: rest.Size,
    labels: rest.Config?.Labels ?? {},
  };
}

/** One name of each image that has one. */
export function parseImageNames(answer: unknown): string[] {
  const listed = z.array(z.object({ RepoTags: z.array(z.string()).nullish() })).parse(answer);
  return listed.flatMap(({ RepoTags }) => fullNames(RepoTags).slice(0, 1));
}

export function parseContainer(answer: unknown): EngineContainer {
  const { Id, Name, State, Config, HostConfig, NetworkSettings, Mounts } = container.parse(answer);
  const ports = State.Running ? NetworkSettings?.Ports : HostConfig?.PortBindings;
  const published = Object.values(ports ?? {}).flatMap((hosts) =>
    (hosts ?? []).map(({ HostIp, HostPort }) => hostPort(HostIp, HostPort)),
  );
  return {
    id: Id,
    name: withoutSlash(Name),
    image: Config.Image,
    isRunning: State.Running,
    labels: Config.Labels ?? {},
    published,
    volumes: volumesIn(Mounts),
    env: Config.Env ?? [],
  };
}

export function parseContainers(answer: unknown): readonly EngineContainer[] {
  return z.array(listedContainer).parse(answer).map(describeListed);
}

export function parseVolume(answer: unknown): EngineVolume {
  const { Name, Labels } = volume.parse(answer);
  return { name: Name, labels: Labels ?? {} };
}

export function parseNetwork(answer: unknown): EngineNetwork {
  const { Name, Driver, Containers } = network.parse(answer);
  const containers = Object.values(Containers ?? {}).map((each) => each.Name);
  return { name: Name, driver: Driver, containers };
}

/** The `Id` of what was created. */
export function parseId(answer: unknown): string {
  return z.object({ id: z.string() }).parse(answer).id;
}

export function parseExitCode(answer: unknown): number {
  return z.object({ StatusCode: z.number() }).parse(answer).StatusCode;
}

function describeListed(entry: z.infer<typeof listedContainer>): EngineContainer {
  const { Id, Names, Image, State, Labels, Ports, Mounts } = entry;
  return {
    id: Id,
    name: withoutSlash(Names?.[0] ?? ""),
    image: Image,
    isRunning: State === "running",
    labels: Labels ?? {},
    published: (Ports ?? []).flatMap(({ IP, PublicPort }) =>
      PublicPort ? [hostPort(IP ?? "", String(PublicPort))] : [],
    ),
    volumes: volumesIn(Mounts),
  };
}

function volumesIn(all: z.infer<typeof mounts>): Record<string, string> {
  const volumes = (all ?? []).filter(({ Type }) => Type === "volume");
  return Object.fromEntries(volumes.map(({ Name, Destination }) => [Name ?? "", Destination]));
}

function withoutSlash(name: string): string {
  return name.replace(/^\//, "");
}

function hostPort(ip: string, port: string): string {
  const host = ip === "" ? "0.0.0.0" : ip;
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Engines shorten `docker.io/library/…`. Images without a name are listed as `<none>:<none>`. */
function fullNames(names: readonly string[] | null | undefined): string[] {
  return (names ?? []).filter((name) => !name.includes("<none>")).map(fullName);
}

/** An image's name in full, or the text as it is where it is none, for example an id. */
export function fullName(name: string): string {
  try {
    return fullImageReference(parseImageReference(name));
  } catch (error) {
    if (error instanceof OllamaBundleError) return name;
    throw error;
  }
}

import type { RegistrySecret } from "../core/registry-secret.ts";

export interface Login {
  readonly secret: RegistrySecret;
  /** Where it was found, for messages: `the login in "/root/.docker/config.json"`. */
  readonly from: string;
}

/** Whose login is looked for. */
export interface LoginOwner {
  /** As names have it: `docker.io`, `registry.example:5000`. */
  readonly registry: string;
  /** `team/model`; podman keeps logins for single repositories too. */
  readonly path: string;
}

export interface LoginSearch {
  readonly login?: Login | undefined;
  /** What was looked at in vain, and what went wrong with it: `none for "registry.example" in "/root/.docker/config.json"`. */
  readonly inVain: string;
}

const DOCKER_HUB = new Set(["docker.io", "index.docker.io", "registry-1.docker.io"]);

/** The one name that a registry goes by, whichever of its hosts was asked. */
export function registryName(host: string): string {
  return DOCKER_HUB.has(host) ? "docker.io" : host;
}

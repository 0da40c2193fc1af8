import type { RegistrySecret } from "../core/registry-secret.ts";

/** What X-Registry-Auth holds: https://docs.docker.com/reference/api/engine/version/v1.41/#section/Authentication */
export type RegistryAuth = Readonly<Record<string, string>>;

/** Docker Hub goes by the address that it had when logins were made. */
export function registryAuth(login: RegistrySecret, registry: string): RegistryAuth {
  const serveraddress = registry === "docker.io" ? "https://index.docker.io/v1/" : registry;
  if (login.kind === "identityToken") return { identitytoken: login.token, serveraddress };
  if (login.kind === "registryToken") return { registrytoken: login.token, serveraddress };
  return { username: login.username, password: login.password, serveraddress };
}

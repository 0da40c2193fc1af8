import { homedir } from "node:os";
import { join } from "node:path";
import { askHelper } from "./credential-helper.ts";
import { type LoginFile, LoginTrouble, helperIn, readLoginFile, secretIn } from "./login-file.ts";
import { type Login, type LoginOwner, type LoginSearch, registryName } from "./login.ts";

export interface FindLoginOptions {
  readonly env: Readonly<NodeJS.ProcessEnv>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The login for a registry from where docker and podman keep them: their files, and the credential helpers that those name. A file or
 * helper that is of no use is told of in what was looked at in vain, since the registry may be open to everybody.
 */
export async function findLogin(
  owner: LoginOwner,
  { env, signal }: FindLoginOptions,
): Promise<LoginSearch> {
  const registry = registryName(owner.registry);
  const paths = loginFiles(env);
  const troubles: string[] = [];
  for (const path of paths) {
    try {
      const file = await readLoginFile(path);
      const login = await loginFrom({ path, file }, { ...owner, registry }, { env, signal });
      if (login !== undefined) return { login, inVain: "" };
    } catch (error) {
      if (!(error instanceof LoginTrouble)) throw error;
      troubles.push(error.message);
    }
  }
  const where = paths.map((path) => `"${path}"`).join(" or ");
  return { inVain: [`none for "${registry}" in ${where}`, ...troubles].join("; ") };
}

/** In the order in which they are looked at. Docker's and podman's environment, https://docs.docker.com/reference/cli/docker/#environment-variables. */
export function loginFiles(env: Readonly<NodeJS.ProcessEnv>): readonly string[] {
  const home = env["HOME"] || env["USERPROFILE"] || homedir();
  const runtime = env["XDG_RUNTIME_DIR"];
  const named = env["REGISTRY_AUTH_FILE"];
  return [
    ...(named ? [named] : []),
    join(env["DOCKER_CONFIG"] || join(home, ".docker"), "config.json"),
    ...(runtime ? [join(runtime, "containers", "auth.json")] : []),
    join(env["XDG_CONFIG_HOME"] || join(home, ".config"), "containers", "auth.json"),
  ];
}

async function loginFrom(
  { path, file }: { readonly path: string; readonly file: LoginFile },
  owner: LoginOwner,
  options: FindLoginOptions,
): Promise<Login | undefined> {
  const inFile = secretIn(file, owner);
  if (inFile !== undefined) return { secret: inFile, from: `the login in "${path}"` };
  const helper = helperIn(file, owner);
  const secret = helper && (await askHelper(helper, owner.registry, options));
  return secret ? { secret, from: `the login that "docker-credential-${helper}" has` } : undefined;
}

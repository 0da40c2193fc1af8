import { z } from "zod";
import { hasCode } from "../core/errors.ts";
import { jsonOrUndefined } from "../core/json-or-undefined.ts";
import { readSmallFile } from "../core/read-small-file.ts";
import type { RegistrySecret } from "../core/registry-secret.ts";
import { type LoginOwner, registryName } from "./login.ts";

/** Bytes; what is larger is no file of logins. */
const MAX_FILE = 4 * 1024 * 1024;

const entryShape = z.object({
  /** base64 of `user:password` */
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
  registrytoken: z.string().optional(),
});

/**
 * What docker and podman keep of logins. https://docs.docker.com/reference/cli/docker/login/#credential-stores and
 * https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md
 */
const fileShape = z.object({
  auths: z.record(z.string(), entryShape.nullish()).nullish(),
  credHelpers: z.record(z.string(), z.string()).nullish(),
  credsStore: z.string().nullish(),
});

type Entry = z.infer<typeof entryShape>;
export type LoginFile = z.infer<typeof fileShape>;

/** Why a login could not be had; its message stands in a list of what was looked at. */
export class LoginTrouble extends Error {
  override readonly name = "LoginTrouble";
}

/** A file of logins; an empty one where there is none. Throws {@link LoginTrouble}, never with text of the file. */
export async function readLoginFile(path: string): Promise<LoginFile> {
  const parsed = fileShape.safeParse(jsonOrUndefined(await textOf(path)));
  if (parsed.success) return parsed.data;
  throw new LoginTrouble(`"${path}" is not a file of logins as docker and podman write it`);
}

/** What the file itself has for a registry, that for the repository before that for all of the registry. */
export function secretIn({ auths }: LoginFile, owner: LoginOwner): RegistrySecret | undefined {
  const entries = new Map(Object.entries(auths ?? {}).map(([key, entry]) => [nameIn(key), entry]));
  for (const name of namesOf(owner)) {
    const secret = secretOf(entries.get(name) ?? {});
    if (secret !== undefined) return secret;
  }
  return undefined;
}

/** The credential helper that the file names for a registry. */
export function helperIn(
  { credHelpers, credsStore }: LoginFile,
  { registry }: LoginOwner,
): string | undefined {
  const helpers = new Map(
    Object.entries(credHelpers ?? {}).map(([key, helper]) => [nameIn(key), helper]),
  );
  return helpers.get(registryName(registry)) ?? credsStore ?? undefined;
}

async function textOf(path: string): Promise<string> {
  try {
    const bytes = await readSmallFile(path, MAX_FILE);
    return bytes.length === 0 ? "{}" : bytes.toString("utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return "{}";
    const why = hasCode(error, "EACCES", "EPERM") ? "may not be read by this user" : "is no file";
    throw new LoginTrouble(`"${path}" ${why}`);
  }
}

/** `registry/namespace/repository`, `registry/namespace`, `registry`. */
function namesOf({ registry, path }: LoginOwner): readonly string[] {
  const parts = [registryName(registry), ...path.split("/")];
  return parts.map((_, index) => parts.slice(0, parts.length - index).join("/"));
}

/** Old logins have an address in place of a name: `https://index.docker.io/v1/`. */
function nameIn(key: string): string {
  const [, host] = /^https?:\/\/([^/]+)/.exec(key) ?? [];
  const [first = "", ...rest] = (host ?? key).replace(/\/+$/, "").split("/");
  return [registryName(first), ...rest].join("/");
}

function secretOf(entry: Entry): RegistrySecret | undefined {
  const { identitytoken, registrytoken } = entry;
  if (identitytoken) return { kind: "identityToken", token: identitytoken };
  if (registrytoken) return { kind: "registryToken", token: registrytoken };
  const [username = "", password = ""] = usernameAndPassword(entry);
  return username === "" ? undefined : { kind: "password", username, password };
}

function usernameAndPassword({ auth, username, password }: Entry): readonly (string | undefined)[] {
  if (!auth) return [username, password];
  const text = Buffer.from(auth, "base64").toString("utf8").replace(/\0+$/, "");
  const colon = text.indexOf(":");
  return colon < 0 ? [] : [text.slice(0, colon), text.slice(colon + 1)];
}

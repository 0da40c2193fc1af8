import type { Stats } from "node:fs";
import { chmod, chown, mkdir, realpath, stat } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { HostError, hasCode, isSystemError, messageOf } from "../../core/errors.ts";

/** An Ollama models directory on this host, and how its files are to look. */
export interface Store {
  /** Absolute, without symbolic links; it need not be there yet. */
  readonly root: string;
  readonly directoryMode: number;
  readonly fileMode: number;
  /** Whom new files are given to; missing where this process may not give files away. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
}

/**
 * Looks at a store, or at the directory in which it will be made, and changes nothing. New files get the owner of what is
 * there, and no more rights than its directories have: Ollama often runs as a user of its own. Throws {@link HostError}.
 */
export async function openStore(directory: string, uid = process.getuid?.()): Promise<Store> {
  return inStore(directory, async () => {
    const root = await withoutLinks(resolve(directory));
    const { owner, mode } = await modelFor(root);
    return {
      root,
      directoryMode: mode,
      fileMode: mode & 0o666,
      owner: uid === 0 ? owner : undefined,
    };
  });
}

/** Makes a directory of the store with all above it. Throws {@link HostError} where a symbolic link leads out of the store. */
export async function ensureStoreDirectory(store: Store, relative: string): Promise<void> {
  for (const path of ["", ...prefixesOf(relative)].map((each) => join(store.root, each))) {
    const isNew = await mkdir(path).then(
      () => true,
      (error: unknown) => {
        if (hasCode(error, "EEXIST")) return false;
        throw error;
      },
    );
    if (isNew) await giveAway(store, path, store.directoryMode);
    else await assertInside(store, path);
  }
}

/** Every directory from the store down to this one, parents first: `manifests`, `manifests/host`, … */
export function prefixesOf(relative: string): string[] {
  const segments = relative.split("/");
  return segments.map((_, index) => segments.slice(0, index + 1).join("/"));
}

/** Sets mode and owner as the store has them. */
export async function giveAway(store: Store, path: string, mode: number): Promise<void> {
  await chmod(path, mode);
  if (store.owner !== undefined) await chown(path, store.owner.uid, store.owner.gid);
}

/** Throws where a directory that is there is none, or lies elsewhere. */
export async function assertInside(store: Store, path: string): Promise<void> {
  const real = await realpath(path);
  const isInside = real === store.root || real.startsWith(store.root + sep);
  if (isInside && (await stat(real)).isDirectory()) return;
  const found = isInside
    ? "it is not a directory"
    : `it is a link to "${real}", outside of the store`;
  throw new HostError(
    "NO_RIGHTS",
    `Cannot install into the store "${store.root}": "${path}": ${found}`,
    {
      hint: "Give the directory that it leads to as --store, or put a directory in its place.",
    },
  );
}

/** Runs file work in the store; what the file system refuses comes out as a {@link HostError}. */
export async function inStore<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storeError(error, directory);
  }
}

function storeError(error: unknown, directory: string): unknown {
  if (!isSystemError(error)) return error;
  const what = `Cannot use the store "${directory}"`;
  if (hasCode(error, "ENOSPC", "EDQUOT")) {
    return new HostError("NO_SPACE", `${what}: no space is left there`, {
      cause: error,
      hint: "Free some space there.",
    });
  }
  if (hasCode(error, "EROFS")) {
    return new HostError("NO_RIGHTS", `${what}: its file system is read-only`, {
      cause: error,
      hint: "Give a directory on another file system, or mount that one for writing.",
    });
  }
  if (hasCode(error, "EACCES", "EPERM")) {
    return new HostError("NO_RIGHTS", `${what}: access is not allowed: ${messageOf(error)}`, {
      cause: error,
      hint: "Run this as the user that Ollama runs as, or as root.",
    });
  }
  return new HostError("IO", `${what}: ${messageOf(error)}`, { cause: error });
}

/** The path without symbolic links, as far down as it exists. */
async function withoutLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (!hasCode(error, "ENOENT") || dirname(path) === path) throw error;
    return join(await withoutLinks(dirname(path)), path.slice(dirname(path).length));
  }
}

/** Owner and mode of the store's blobs directory, else of the store; a new store's owner is that of the directory it is in. */
async function modelFor(
  root: string,
): Promise<{ owner: { uid: number; gid: number }; mode: number }> {
  const found = (await statOrUndefined(join(root, "blobs"))) ?? (await statOrUndefined(root));
  if (found !== undefined && !found.isDirectory()) {
    throw new HostError("NO_RIGHTS", `Cannot use the store "${root}": it is not a directory`);
  }
  if (found !== undefined)
    return { owner: { uid: found.uid, gid: found.gid }, mode: found.mode & 0o777 };
  const above = await statOrUndefined(dirname(root));
  if (above !== undefined) return { owner: { uid: above.uid, gid: above.gid }, mode: 0o755 };
  throw new HostError(
    "IO",
    `Cannot use the store "${root}": there is no directory "${dirname(root)}"`,
    {
      hint: "See that the path is right: Ollama's own is OLLAMA_MODELS, else .ollama/models in the home of its user. For a new place make that directory first.",
    },
  );
}

/** What is at a path; undefined where nothing is. */
export async function statOrUndefined(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

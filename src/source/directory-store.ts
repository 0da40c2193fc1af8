import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { HostError, SourceError, hasCode, messageOf } from "../core/errors.ts";
import type { WorkOptions } from "../core/progress.ts";
import { readSmallFile } from "../core/read-small-file.ts";
import type { StagingVolume } from "../staging/staging-volume.ts";
import { describeLeftAlone } from "./left-alone.ts";
import {
  MAX_MANIFEST,
  type ModelStore,
  NO_STORE_HINT,
  PULL_AGAIN,
  type StoreEntry,
  blobPath,
} from "./model-store.ts";

/** `manifests/<host>/<namespace>/<model>/<tag>` */
const MANIFEST_DEPTH = 4;

/**
 * A store in a directory of this host. Blobs are hashed where they lie, and neither copied nor changed; links are followed, since
 * people move blobs to larger disks. Throws {@link SourceError} `STORE_INVALID` where there is no store.
 */
export async function openDirectoryStore(
  directory: string,
  { volume, onProgress }: WorkOptions & { readonly volume: StagingVolume },
): Promise<ModelStore & AsyncDisposable> {
  const label = `the store "${directory}"`;
  const files = await manifestFiles(directory);
  const leftAlone = describeLeftAlone(label, [...files, ...(await blobFiles(directory))]);
  if (leftAlone !== undefined) onProgress?.({ kind: "warning", text: leftAlone });
  return {
    label,
    files,
    readManifest: (path) => readManifest(join(directory, path)),
    missingBytes: async (blob) => {
      const size = await sizeOf(join(directory, blobPath(blob)));
      return size === blob.size ? 0 : volume.missingBytes(blob);
    },
    stageBlob: (wanted, options) =>
      volume.adopt(join(directory, blobPath(wanted)), wanted, options),
    [Symbol.asyncDispose]: async () => {},
  };
}

async function manifestFiles(directory: string): Promise<StoreEntry[]> {
  const top = await readDirectory(join(directory, "manifests"), directory);
  if (top !== undefined) return await filesBelow("manifests", top, { directory, depth: 1 });
  throw new SourceError(
    "STORE_INVALID",
    `Cannot use "${directory}" as a model store: there is no directory "${join(directory, "manifests")}"`,
    { hint: NO_STORE_HINT },
  );
}

/** No deeper than manifests lie: a link that leads back up has an end there. */
async function filesBelow(
  parent: string,
  entries: readonly Dirent[],
  { directory, depth }: { readonly directory: string; readonly depth: number },
): Promise<StoreEntry[]> {
  const found: StoreEntry[] = [];
  for (const entry of entries) {
    const path = `${parent}/${entry.name}`;
    const isLink = entry.isSymbolicLink();
    const mayHaveMore = depth < MANIFEST_DEPTH && (isLink || entry.isDirectory());
    const below = mayHaveMore ? await readDirectory(join(directory, path), directory) : undefined;
    if (below === undefined || isLink) found.push({ path, isLink });
    if (below !== undefined)
      found.push(...(await filesBelow(path, below, { directory, depth: depth + 1 })));
  }
  return found;
}

async function blobFiles(directory: string): Promise<StoreEntry[]> {
  const entries = (await readDirectory(join(directory, "blobs"), directory)) ?? [];
  return entries.map((entry) => ({
    path: `blobs/${entry.name}`,
    isLink: entry.isSymbolicLink(),
  }));
}

/** Undefined where there is no directory. */
async function readDirectory(path: string, store: string): Promise<Dirent[] | undefined> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (cause) {
    if (hasCode(cause, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
    const message = `Cannot read the store "${store}": ${messageOf(cause)}`;
    if (hasCode(cause, "EACCES", "EPERM")) throw new HostError("NO_RIGHTS", message, { cause });
    throw new SourceError("STORE_INVALID", message, { cause });
  }
}

async function readManifest(path: string): Promise<Buffer> {
  try {
    const bytes = await readSmallFile(path, MAX_MANIFEST);
    if (bytes.length <= MAX_MANIFEST) return bytes;
  } catch (cause) {
    const message = `Cannot read the manifest "${path}": ${messageOf(cause)}`;
    if (hasCode(cause, "EACCES", "EPERM")) throw new HostError("NO_RIGHTS", message, { cause });
    throw new SourceError("STORE_INVALID", message, { cause, hint: PULL_AGAIN });
  }
  throw new SourceError(
    "STORE_INVALID",
    `Cannot read the manifest "${path}": it is too large for one`,
  );
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}

import { lstat, readdir, rename, rm, rmdir } from "node:fs/promises";
import path from "node:path";
import { makeDirectories } from "../go/make-directories.ts";
import type { Log } from "../log.ts";
import { manifestFiles } from "./list-manifests.ts";
import { blobFile, type Manifest, namedLayers, readManifest } from "./manifest.ts";
import { pathOfName } from "./model-name.ts";

const GRACE_MS = 3_600_000;
const DIGEST_NAME = /^sha256-[0-9a-fA-F]{64}$/;

/** What a server does to its store before it answers; rejects where it would exit. */
export async function prepareStore(
  store: string,
  options: { noPrune: boolean; log: Log },
): Promise<void> {
  await makeDirectories(path.join(store, "blobs"));
  await renameColonBlobs(store);
  if (options.noPrune) return;
  const manifests = await manifestsUnlessCorrupt(store, options.log);
  if (manifests === undefined) return;
  await removeUnnamedBlobs(store, manifests, options.log);
  await removeEmptyDirectories(path.join(store, "manifests"));
}

/** Deletes those of the blobs that no manifest names any more. */
export async function removeBlobsIfUnnamed(
  store: string,
  digests: readonly string[],
): Promise<void> {
  const named = new Set(
    (await allManifests(store)).flatMap(namedLayers).map((layer) => layer.digest),
  );
  const unnamed = digests.filter((digest) => !named.has(digest));
  await Promise.all(unnamed.map((digest) => rm(blobFile(store, digest), { force: true })));
}

async function renameColonBlobs(store: string): Promise<void> {
  const blobs = path.join(store, "blobs");
  const old = (await readdir(blobs)).filter((name) => /^sha256:[0-9a-fA-F]{64}$/.test(name));
  await Promise.all(
    old.map((name) => rename(path.join(blobs, name), path.join(blobs, name.replace(":", "-")))),
  );
}

/** One manifest that cannot be read switches pruning off. */
async function manifestsUnlessCorrupt(store: string, log: Log): Promise<Manifest[] | undefined> {
  try {
    return await allManifests(store);
  } catch (error) {
    const message =
      "corrupt manifests detected, skipping prune operation.  Re-pull or delete to clear";
    log("WARN", message, { error });
    return undefined;
  }
}

async function allManifests(store: string): Promise<Manifest[]> {
  return Promise.all(
    (await manifestFiles(store)).map(({ path: file, name }) => {
      if (name === undefined) throw new Error(`${file} is no manifest name`);
      return readManifest(store, name).catch((error: Error) => {
        throw new Error(`${pathOfName(name)} ${error.message}`, { cause: error });
      });
    }),
  );
}

/** A manifest that writes "sha256-" names no blob: digests are compared as text. */
async function removeUnnamedBlobs(
  store: string,
  manifests: readonly Manifest[],
  log: Log,
): Promise<void> {
  const named = new Set(manifests.flatMap(namedLayers).map((layer) => layer.digest));
  const old = await oldFiles(path.join(store, "blobs"));
  const digests = old.filter((name) => DIGEST_NAME.test(name));
  const unnamed = digests.filter((name) => !named.has(name.replace("-", ":")));
  log("INFO", `total blobs: ${digests.length}`);
  const strays = old.filter((name) => !DIGEST_NAME.test(name));
  for (const name of [...strays, ...unnamed]) {
    await rm(path.join(store, "blobs", name)).catch((error: unknown) => {
      log("WARN", "couldn't remove blob", { blob: name, error });
    });
  }
  log("INFO", `total unused blobs removed: ${unnamed.length}`);
}

async function oldFiles(directory: string): Promise<string[]> {
  const names = await readdir(directory);
  const kept = await Promise.all(
    names.map(async (name) => {
      const found = await lstat(path.join(directory, name));
      return !found.isDirectory() && Date.now() - found.mtimeMs > GRACE_MS;
    }),
  );
  return names.filter((_name, index) => kept[index]);
}

async function removeEmptyDirectories(directory: string): Promise<void> {
  const below = await readdir(directory, { withFileTypes: true });
  for (const entry of below) {
    if (!entry.isDirectory()) continue;
    const child = path.join(directory, entry.name);
    await removeEmptyDirectories(child);
    if ((await readdir(child)).length === 0) await rmdir(child);
  }
}

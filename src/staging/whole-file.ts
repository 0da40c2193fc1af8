import { type FileHandle, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { syncDirectory, writeAll } from "../core/files.ts";
import { livenessOf, thisProcess } from "../core/process-owner.ts";
import type { VolumePaths } from "./volume-paths.ts";

/** How old a temporary file of another machine or container must be to be taken for a leftover. */
const FOREIGN_LEFTOVER_MS = 24 * 60 * 60 * 1000;

let count = 0;

/** A new file in the volume's `tmp`, whose name says which process it belongs to. */
export async function openTemporary(
  paths: VolumePaths,
): Promise<{ readonly path: string; readonly file: FileHandle }> {
  const path = join(paths.tmp, `${thisProcess()}.${(count += 1)}`);
  return { path, file: await open(path, "wx+") };
}

/** Writes bytes under their final name, where they appear whole or not at all. */
export async function writeWhole(
  paths: VolumePaths,
  target: string,
  bytes: Uint8Array,
): Promise<void> {
  await moveInPlace(await writeTemporary(paths, bytes), target);
}

/** Writes bytes to a temporary file, syncs and closes it. */
export async function writeTemporary(
  paths: VolumePaths,
  bytes: Uint8Array,
  { sync = true }: { readonly sync?: boolean } = {},
): Promise<string> {
  const { path, file } = await openTemporary(paths);
  try {
    await writeAll(file, bytes, 0);
    if (sync) await file.sync();
    return path;
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** Gives a synced file its final name, and syncs the directory so that the name survives a loss of power. */
export async function moveInPlace(path: string, target: string): Promise<void> {
  await rename(path, target);
  await syncDirectory(dirname(target));
}

/** Removes what processes that no longer run left in `tmp`. */
export async function removeLeftovers(paths: VolumePaths): Promise<void> {
  for (const name of await readdir(paths.tmp)) {
    const path = join(paths.tmp, name);
    if (await isLeftover(path)) await rm(path, { force: true });
  }
}

async function isLeftover(path: string): Promise<boolean> {
  const [owner = ""] = basename(path).split(".");
  const liveness = livenessOf(owner);
  if (liveness !== "unknown") return liveness === "dead";
  const stats = await stat(path).catch(() => undefined);
  return stats !== undefined && Date.now() - stats.mtimeMs > FOREIGN_LEFTOVER_MS;
}

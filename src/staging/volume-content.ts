import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { isSha256Hex } from "../core/digest.ts";
import { DefinitionError } from "../core/errors.ts";
import { undefinedWhereMissing } from "../core/files.ts";
import { namesIn } from "./staged-item.ts";
import { onDisk } from "./on-disk.ts";
import { VolumePaths } from "./volume-paths.ts";

export interface VolumeFile {
  readonly path: string;
  /** Bytes that it takes on disk; partial downloads are sparse. */
  readonly bytes: number;
}

/** Throws {@link DefinitionError} where there is something else: an OCI layout has `blobs/sha256` as well. */
export async function existingVolume(directory: string): Promise<VolumePaths> {
  const paths = new VolumePaths(directory);
  const names = await onDisk(paths.root, () => namesIn(paths.root));
  if (names.length === 0 || names.includes(basename(paths.records))) return paths;
  throw notAVolume(paths.root, "it is a directory of something else");
}

/** For one that somebody named: who mistypes it is not told that nothing is staged, or that all of it is whole. */
export async function existingDirectory(directory: string): Promise<string> {
  const there = await onDisk(directory, () => stat(directory).catch(undefinedWhereMissing));
  if (there !== undefined) return directory;
  throw notAVolume(directory, "there is no such directory");
}

function notAVolume(directory: string, why: string): DefinitionError {
  return new DefinitionError("USAGE", `Cannot use "${directory}" as a staging volume: ${why}`, {
    hint: "Name the directory that `bundle create` was given with --staging.",
  });
}

/** What a staging volume holds of content, by sha256 (hex). */
export async function blobsIn(paths: VolumePaths): Promise<Map<string, VolumeFile>> {
  const names = (await namesIn(paths.blobs)).filter(isSha256Hex).toSorted();
  const blobs = new Map<string, VolumeFile>();
  for (const sha256 of names) {
    const path = paths.blob(sha256);
    const stats = await stat(path).catch(undefinedWhereMissing);
    if (stats !== undefined) blobs.set(sha256, { path, bytes: stats.size });
  }
  return blobs;
}

/** Content that has arrived in part, and the logs of which parts. */
export async function partialsIn(paths: VolumePaths): Promise<VolumeFile[]> {
  const files: VolumeFile[] = [];
  for (const name of await namesIn(paths.partial)) {
    const path = join(paths.partial, name);
    const stats = await stat(path).catch(undefinedWhereMissing);
    if (stats !== undefined) files.push({ path, bytes: stats.blocks * 512 });
  }
  return files;
}

export function totalBytes(files: Iterable<VolumeFile>): number {
  return [...files].reduce((sum, { bytes }) => sum + bytes, 0);
}

import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { undefinedWhereMissing } from "./core/files.ts";
import type { WorkOptions } from "./core/progress.ts";
import { defaultStagingDirectory } from "./staging/default-directory.ts";
import { type VolumeListing, listVolume } from "./staging/list-volume.ts";
import { onDisk } from "./staging/on-disk.ts";
import { type Pruned, pruneVolume } from "./staging/prune-volume.ts";
import { notAVolume } from "./staging/volume-content.ts";
import { type VolumeReport, verifyVolume } from "./staging/verify-volume.ts";

export interface StagingOptions extends WorkOptions {
  /** The staging volume; by default the one that `createBundle` takes. */
  readonly staging?: string | undefined;
  readonly env?: Readonly<NodeJS.ProcessEnv> | undefined;
}

/**
 * What was staged, and what there is besides. The default volume is empty where it is not there. Throws {@link HostError}, and
 * {@link DefinitionError} where `staging` is no staging volume.
 */
export async function listStaging(options: StagingOptions): Promise<VolumeListing> {
  return await listVolume(await directoryOf(options));
}

/** Makes room: see {@link pruneVolume}. Throws as {@link listStaging} does. */
export async function pruneStaging({
  all,
  ...options
}: StagingOptions & { readonly all?: boolean | undefined }): Promise<Pruned> {
  return await pruneVolume(await directoryOf(options), { all, ...options });
}

/** Reads every byte of it: see {@link verifyVolume}. Throws as {@link listStaging} does. */
export async function verifyStaging(options: StagingOptions): Promise<VolumeReport> {
  return await verifyVolume(await directoryOf(options), options);
}

/** Who mistypes a name is not told that nothing is staged, or that all of it is whole. */
async function directoryOf({ staging, env = process.env }: StagingOptions): Promise<string> {
  if (staging === undefined) return resolve(defaultStagingDirectory(env));
  const directory = resolve(staging);
  const there = await onDisk(directory, () => stat(directory).catch(undefinedWhereMissing));
  if (there !== undefined) return directory;
  throw notAVolume(directory, "there is no such directory");
}

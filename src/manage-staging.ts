import { resolve } from "node:path";
import type { WorkOptions } from "./core/progress.ts";
import { defaultStagingDirectory } from "./staging/default-directory.ts";
import { type VolumeListing, listVolume } from "./staging/list-volume.ts";
import { type Pruned, pruneVolume } from "./staging/prune-volume.ts";
import { existingDirectory } from "./staging/volume-content.ts";
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

async function directoryOf({ staging, env = process.env }: StagingOptions): Promise<string> {
  if (staging === undefined) return resolve(defaultStagingDirectory(env));
  return await existingDirectory(resolve(staging));
}

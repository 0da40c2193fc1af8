import { resolve } from "node:path";
import type { WorkOptions } from "./core/progress.ts";
import { defaultStagingDirectory } from "./staging/default-directory.ts";
import { type VolumeListing, listVolume } from "./staging/list-volume.ts";
import { type Pruned, pruneVolume } from "./staging/prune-volume.ts";
import { type VolumeReport, verifyVolume } from "./staging/verify-volume.ts";

export interface StagingOptions extends WorkOptions {
  /** The staging volume; by default the one that `createBundle` takes. */
  readonly staging?: string | undefined;
  readonly env?: Readonly<NodeJS.ProcessEnv> | undefined;
}

/** What was staged, and what there is besides. A volume that is not there is empty. Throws {@link HostError}. */
export async function listStaging(options: StagingOptions): Promise<VolumeListing> {
  return await listVolume(directoryOf(options));
}

/** Makes room: see {@link pruneVolume}. Throws {@link HostError}. */
export async function pruneStaging({
  all,
  ...options
}: StagingOptions & { readonly all?: boolean | undefined }): Promise<Pruned> {
  return await pruneVolume(directoryOf(options), { all, ...options });
}

/** Reads every byte of it: see {@link verifyVolume}. Throws {@link HostError}. */
export async function verifyStaging(options: StagingOptions): Promise<VolumeReport> {
  return await verifyVolume(directoryOf(options), options);
}

function directoryOf({ staging, env = process.env }: StagingOptions): string {
  return resolve(staging ?? defaultStagingDirectory(env));
}

import { dirname } from "node:path/posix";
import type { BundleReader } from "../../bundle/bundle-reader.ts";
import type { BundledFile } from "../../bundle/models-json.ts";
import type { ChunkPool } from "../../core/chunks/pool.ts";
import { type WorkOptions, countBytes } from "../../core/progress.ts";
import { hashedBytes } from "../checked-bytes.ts";
import { pathInStore } from "../model-paths.ts";
import { prefixesOf } from "../store/store.ts";
import { type VolumeHelper, directoryEntries, putIntoVolume } from "./volume-helper.ts";

export interface FillVolume {
  readonly bundle: BundleReader;
  readonly helper: VolumeHelper;
  readonly pool: ChunkPool;
}

/** Writes blobs in one stream, each hashed whole on the way. With the current time: Ollama deletes old ones that no manifest names. */
export async function putVolumeBlobs(
  { bundle, helper, pool }: FillVolume,
  blobs: readonly BundledFile[],
  options: WorkOptions,
): Promise<void> {
  options.onProgress?.({ kind: "step", text: `Writing models into the volume "${helper.volume}"` });
  const count = countBytes(
    "models",
    blobs.reduce((sum, { size }) => sum + size, 0),
    options.onProgress,
  );
  const mtime = secondsNow();
  const entries = blobs.map(({ path, size }) => ({
    path: pathInStore(path),
    size,
    mtime,
    content: hashedBytes({ bundle, pool, count }, path, options),
  }));
  await putIntoVolume(
    helper,
    [...directoryEntries(["blobs", "manifests"], mtime), ...entries],
    options,
  );
}

/** Writes manifests; their blobs must be there. */
export async function putVolumeManifests(
  { bundle, helper }: FillVolume,
  manifests: readonly BundledFile[],
  options: WorkOptions,
): Promise<void> {
  const files: { readonly path: string; readonly bytes: Buffer }[] = [];
  for (const { path } of manifests)
    files.push({ path: pathInStore(path), bytes: await bundle.bytes(path, options) });
  await putVolumeFiles(helper, files, options);
}

/** Writes small files of the store with the directories above them. */
export async function putVolumeFiles(
  helper: VolumeHelper,
  files: readonly { readonly path: string; readonly bytes: Buffer }[],
  options: WorkOptions,
): Promise<void> {
  const mtime = secondsNow();
  const directories = directoryEntries(
    files.flatMap(({ path }) => prefixesOf(dirname(path))),
    mtime,
  );
  const entries = files.map(({ path, bytes }) => ({
    path,
    size: bytes.length,
    mtime,
    content: bytes,
  }));
  await putIntoVolume(helper, [...directories, ...entries], options);
}

function secondsNow(): number {
  return Math.floor(Date.now() / 1000);
}

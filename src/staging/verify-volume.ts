import { rm } from "node:fs/promises";
import { ChunkPool } from "../core/chunks/pool.ts";
import { hasCode, messageOf } from "../core/errors.ts";
import { type WorkOptions, countBytes } from "../core/progress.ts";
import { hashFile } from "./hash-file.ts";
import { onDisk } from "./on-disk.ts";
import { readItems } from "./staged-item.ts";
import { type VolumeFile, blobsIn, existingVolume, totalBytes } from "./volume-content.ts";

/** Content of the volume that is not what its name says. */
export interface DamagedContent {
  readonly path: string;
  readonly found: string;
  /** The models and images that are made of it. */
  readonly of: readonly string[];
}

export interface VolumeReport {
  readonly directory: string;
  readonly files: number;
  /** Bytes that were read. */
  readonly size: number;
  readonly damaged: readonly DamagedContent[];
}

/**
 * Reads and hashes everything in the volume, whatever was proven before. What is damaged is told and stays where it is; it is no
 * longer trusted, and so the next `create` that needs it fetches it again.
 */
export async function verifyVolume(
  directory: string,
  { signal, onProgress }: WorkOptions,
): Promise<VolumeReport> {
  const paths = await existingVolume(directory);
  return onDisk(paths.root, async () => {
    const blobs = await blobsIn(paths);
    const items = await readItems(paths);
    const size = totalBytes(blobs.values());
    await using pool = new ChunkPool();
    const onBytes = countBytes(paths.root, size, onProgress);
    const damaged: DamagedContent[] = [];
    for (const [sha256, file] of blobs) {
      const found = await contentOf(file, pool, { signal, onBytes });
      if (found === undefined || found === sha256) continue;
      await rm(paths.record(sha256), { force: true });
      const of = items.filter(({ sha256s }) => sha256s.includes(sha256)).map(({ name }) => name);
      damaged.push({ path: file.path, found, of });
    }
    return { directory: paths.root, files: blobs.size, size, damaged };
  });
}

/** Its sha256 (hex), or why it has none; undefined where it was removed meanwhile. */
async function contentOf(
  { path, bytes }: VolumeFile,
  pool: ChunkPool,
  options: { readonly signal: AbortSignal | undefined; readonly onBytes: (bytes: number) => void },
): Promise<string | undefined> {
  try {
    const content = await hashFile(pool, { path, size: bytes }, options);
    return content?.sha256 ?? "it ended early";
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    if (hasCode(error, "EIO")) return messageOf(error);
    throw error;
  }
}

import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { WorkOptions } from "../core/progress.ts";
import { onDisk } from "./on-disk.ts";
import { namesIn, readItems } from "./staged-item.ts";
import { blobsIn, existingVolume, partialsIn, totalBytes } from "./volume-content.ts";
import { holdVolume } from "./volume-use.ts";

export interface PruneOptions extends WorkOptions {
  /** Everything goes, also what the next `create` could use. */
  readonly all?: boolean | undefined;
}

export interface Pruned {
  readonly directory: string;
  readonly files: number;
  /** Bytes that were freed. */
  readonly size: number;
}

/**
 * Removes content that no model and no image is made of any more, as it was last staged under its name, and what has arrived only
 * in part. Everything of it can be fetched again. Throws {@link HostError} `LOCKED` while somebody stages or packs from it.
 */
export async function pruneVolume(
  directory: string,
  { all = false, ...options }: PruneOptions,
): Promise<Pruned> {
  const paths = await existingVolume(directory);
  return onDisk(paths.root, async () => {
    if ((await namesIn(paths.root)).length === 0)
      return { directory: paths.root, files: 0, size: 0 };
    await using _held = await holdVolume(paths, options);
    const blobs = await blobsIn(paths);
    const items = all ? [] : await readItems(paths);
    const kept = new Set(items.flatMap(({ sha256s }) => sha256s));
    const unused = [...blobs].filter(([sha256]) => !kept.has(sha256));
    const partial = await partialsIn(paths);
    // A record says that its content was proven: without the content it is of no use, the other way round it is missed.
    for (const [sha256, { path }] of unused) {
      await rm(path, { force: true });
      await rm(paths.record(sha256), { force: true });
    }
    for (const { path } of partial) await rm(path, { force: true });
    if (all) for (const path of [paths.items, paths.images, paths.records]) await empty(path);
    const gone = [...unused.map(([, file]) => file), ...partial];
    return { directory: paths.root, files: gone.length, size: totalBytes(gone) };
  });
}

async function empty(directory: string): Promise<void> {
  for (const name of await namesIn(directory)) await rm(join(directory, name), { force: true });
}

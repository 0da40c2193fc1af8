import { onDisk } from "./on-disk.ts";
import { type StagedItem, readItems } from "./staged-item.ts";
import { blobsIn, existingVolume, partialsIn, totalBytes } from "./volume-content.ts";

/** What a staging volume holds. Sizes are bytes on its disk. */
export interface VolumeListing {
  readonly directory: string;
  readonly items: readonly ListedItem[];
  /** Content that nothing of the above is made of any more: older versions of it, as a rule. */
  readonly superseded: { readonly files: number; readonly size: number };
  readonly partial: { readonly files: number; readonly size: number };
  /** Of it all; what several items share counts once. */
  readonly size: number;
}

export interface ListedItem extends Omit<StagedItem, "sha256s"> {
  /** Of its content that is in the volume. */
  readonly size: number;
  readonly stagedAt: Date;
}

/** Models and images whose content is in the volume at least in part, and what there is besides. */
export async function listVolume(directory: string): Promise<VolumeListing> {
  const paths = await existingVolume(directory);
  return onDisk(paths.root, async () => {
    const blobs = await blobsIn(paths);
    const partial = await partialsIn(paths);
    const items = await readItems(paths);
    const named = new Set(items.flatMap(({ sha256s }) => sha256s));
    const superseded = [...blobs].filter(([sha256]) => !named.has(sha256)).map(([, file]) => file);
    return {
      directory: paths.root,
      items: items.flatMap(({ sha256s, ...item }) => {
        const files = [...new Set(sha256s)].flatMap((sha256) => blobs.get(sha256) ?? []);
        return files.length === 0 ? [] : [{ ...item, size: totalBytes(files) }];
      }),
      superseded: { files: superseded.length, size: totalBytes(superseded) },
      partial: {
        files: partial.filter(({ path }) => path.endsWith(".data")).length,
        size: totalBytes(partial),
      },
      size: totalBytes([...blobs.values(), ...partial]),
    };
  });
}

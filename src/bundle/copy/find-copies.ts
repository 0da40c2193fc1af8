import { stat } from "node:fs/promises";
import { join } from "node:path";
import { HostError } from "../../core/errors.ts";
import { undefinedWhereMissing } from "../../core/files.ts";
import { readBack } from "../../core/read-back.ts";
import type { CopyItem } from "./cargo.ts";
import { copyError } from "./copy-error.ts";
import type { CopyWork } from "./copy-item.ts";
import type { Medium } from "./medium.ts";

/**
 * Names of the items that each of the media has, whole: they are read and compared, whoever brought them there. Throws
 * {@link HostError} EXISTS for a file that has an item's name and other content: that is not ours to replace.
 */
export async function findCopies(
  items: readonly CopyItem[],
  media: readonly Medium[],
  work: CopyWork,
): Promise<readonly ReadonlySet<string>[]> {
  const found: Set<string>[] = [];
  for (const medium of media) {
    const names = new Set<string>();
    for (const item of items) if (await isCopied(item, medium, work)) names.add(item.name);
    found.push(names);
  }
  return found;
}

async function isCopied(item: CopyItem, medium: Medium, work: CopyWork): Promise<boolean> {
  const path = join(medium.directory, item.name);
  try {
    const stats = await stat(path).catch(undefinedWhereMissing);
    if (stats === undefined) return false;
    if (!stats.isFile() || stats.size !== item.bytes) throw otherContent(path, item);
    const { sha256 } = await readBack(path, work.pool, { ...work, called: path });
    if (sha256 !== (item.sha256 ?? (await sumOf(item, work)))) throw otherContent(path, item);
    return true;
  } catch (error) {
    throw copyError(error, item, medium);
  }
}

async function sumOf({ path }: CopyItem, { pool, signal }: CopyWork): Promise<string> {
  return (await readBack(path, pool, { signal, called: path })).sha256;
}

function otherContent(path: string, { called }: CopyItem): HostError {
  return new HostError("EXISTS", `Cannot copy ${called}: "${path}" is there, with other content`, {
    hint: "Remove it if it is a damaged or outdated copy, or name another directory.",
  });
}

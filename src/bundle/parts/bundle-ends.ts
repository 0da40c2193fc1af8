import { open } from "node:fs/promises";
import { hasCode } from "../../core/errors.ts";
import { readAll } from "../../core/files.ts";
import { FOOTER_SIZE, tocOffsetOf } from "../footer.ts";
import type { FoundFile } from "./part-set.ts";

/** A file that ends as a bundle does, and where it says that the table of contents begins in the bundle. */
export interface BundleEnd {
  readonly file: FoundFile;
  readonly tocOffset: number;
}

export async function bundleEnds(files: readonly FoundFile[]): Promise<BundleEnd[]> {
  const ends: BundleEnd[] = [];
  for (const file of files) {
    const bytes = await bytesAt(file.path, Math.max(0, file.size - FOOTER_SIZE), FOOTER_SIZE);
    const tocOffset = bytes && tocOffsetOf(bytes);
    if (tocOffset !== undefined) ends.push({ file, tocOffset });
  }
  return ends;
}

/** Undefined where the medium cannot be read. */
export async function bytesAt(
  path: string,
  offset: number,
  length: number,
): Promise<Buffer | undefined> {
  try {
    await using file = await open(path);
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, await readAll(file, bytes, offset));
  } catch (error) {
    if (hasCode(error, "EIO", "ENOENT", "ENODEV", "EACCES")) return undefined;
    throw error;
  }
}

import { lstat, readFile, readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { sha256Hex } from "../../src/core/digest.ts";

/** Every entry below a directory: what it is, its mode, and the digest of a file's content. To compare before with after. */
export async function treeOf(root: string): Promise<Record<string, string>> {
  const tree: Record<string, string> = {};
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const { mode } = await lstat(path);
    const what = entry.isFile() ? sha256Hex(await readFile(path)) : "not a file";
    tree[relative(root, path)] = `${(mode & 0o777).toString(8)} ${what}`;
  }
  return tree;
}

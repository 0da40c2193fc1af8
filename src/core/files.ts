import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** Makes the names in a directory survive a power cut. Windows cannot open directories, and its renames are journaled. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === "win32") return;
  await using directory = await open(path, "r");
  await directory.sync();
}

/** Writes a small file that is there whole or not at all, also after a power cut. */
export async function writeFileWhole(
  path: string,
  content: string | Uint8Array,
  mode = 0o644,
): Promise<void> {
  // Always the same name, so that what a killed process left is written over.
  const temporary = `${path}.tmp`;
  try {
    await writeSynced(temporary, content, mode);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

async function writeSynced(
  path: string,
  content: string | Uint8Array,
  mode: number,
): Promise<void> {
  await using file = await open(path, "w", mode);
  await file.writeFile(content);
  await file.sync();
}

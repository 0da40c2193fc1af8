import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { hasCode } from "./errors.ts";

/** Makes the names in a directory survive a power cut. Windows cannot open directories, and its renames are journaled. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === "win32") return;
  await using directory = await open(path, "r");
  await directory.sync();
}

/**
 * Makes a directory and all above it. Not by mkdir's own `recursive`, which says of a read-only file system that there is no
 * such directory. The second ENOENT is final: the directory above is a link to nowhere, or takes no directories, as in /proc.
 */
export async function makeDirectory(path: string, mode = 0o777): Promise<void> {
  if (await isMade(path, mode)) return;
  await makeDirectory(dirname(path), mode);
  if (!(await isMade(path, mode))) await mkdir(path, mode);
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

/**
 * Opens a file to go on with what a killed process left of it; an empty one where there is none. What has the name and is no
 * file is removed: a link, which whoever had the medium may have laid there, would lead our writing to any file of this host.
 */
export async function openLeftover(path: string, mode = 0o644): Promise<FileHandle> {
  const there = await lstat(path).catch(undefinedWhereMissing);
  if (there?.isFile() === false) await rm(path);
  // Windows has no O_NOFOLLOW.
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
  return await open(path, O_RDWR | O_CREAT | (O_NOFOLLOW ?? 0), mode);
}

/** Writes all of the bytes: one write may take only some. */
export async function writeAll(
  file: FileHandle,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** Fills `bytes` from a place on: one read may give only some. Returns how many there were: fewer where the file ends. */
export async function readAll(
  file: FileHandle,
  bytes: Uint8Array,
  position: number,
): Promise<number> {
  for (let done = 0; ;) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, position + done);
    done += bytesRead;
    if (bytesRead === 0 || done === bytes.length) return done;
  }
}

/** For `catch` where a file need not be there. */
export function undefinedWhereMissing(error: unknown): undefined {
  if (hasCode(error, "ENOENT")) return undefined;
  throw error;
}

async function writeSynced(
  path: string,
  content: string | Uint8Array,
  mode: number,
): Promise<void> {
  await using file = await openLeftover(path, mode);
  await file.truncate();
  await file.writeFile(content);
  await file.sync();
}

/** False where the directory above is missing. Another process may make the same directories at this moment. */
async function isMade(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, mode);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return true;
    if (hasCode(error, "ENOENT") && dirname(path) !== path) return false;
    throw error;
  }
}

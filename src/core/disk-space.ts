import { statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { hasCode } from "./errors.ts";

/** Bytes that this user can still write where `path` is or will be: asked of the nearest directory that exists. */
export async function freeSpaceAt(path: string): Promise<number> {
  const absolute = resolve(path);
  try {
    const { bavail, bsize } = await statfs(absolute);
    return bavail * bsize;
  } catch (error) {
    if (!hasCode(error, "ENOENT", "ENOTDIR") || dirname(absolute) === absolute) throw error;
    return freeSpaceAt(dirname(absolute));
  }
}

import { mkdir, stat } from "node:fs/promises";
import path from "node:path";

/** As Go's MkdirAll: an error names the directory that could not be made, not the one asked for. */
export async function makeDirectories(directory: string): Promise<void> {
  const found = await stat(directory).catch(() => undefined);
  if (found?.isDirectory()) return;
  if (found !== undefined) {
    const details = { code: "ENOTDIR", syscall: "mkdir", path: directory };
    throw Object.assign(new Error("not a directory"), details);
  }
  await makeDirectories(path.dirname(directory));
  await mkdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}

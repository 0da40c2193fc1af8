import { execFile } from "node:child_process";
import { copyFile, open, readFile, stat, truncate } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { temporaryDirectory } from "./temporary-directory.ts";

const run = promisify(execFile);

/**
 * A mounted file system of its own that has one file, of which nothing behind a byte about in its middle can be read: the
 * kernel answers EIO, as for a worn-out stick.
 */
export async function badMedium(
  file: string,
): Promise<AsyncDisposable & { readonly path: string }> {
  await using cleanup = new AsyncDisposableStack();
  const { path: directory } = cleanup.use(await temporaryDirectory());
  const { path } = cleanup.use(await temporaryDirectory());
  const image = join(directory, "image");
  await using made = await open(image, "w");
  await made.truncate(4 * (await stat(file)).size + 4 * 1024 ** 2);
  await run("mkfs.ext4", ["-q", "-O", "^has_journal", image]);
  await run("mount", ["-o", "loop", image, path]);
  await copyFile(file, join(path, basename(file)));
  await run("umount", [path]);
  const middle = (await stat(file)).size >> 1;
  const bytes = (await readFile(file)).subarray(middle, middle + 4096);
  const at = (await readFile(image)).indexOf(bytes);
  await run("mount", ["-o", "loop,ro", image, path]);
  cleanup.defer(async () => {
    await run("umount", [path]);
  });
  // A loop device whose file has become shorter fails to read what was there.
  await truncate(image, at - (at % 4096));
  const mounted = cleanup.move();
  return { path, [Symbol.asyncDispose]: () => mounted.disposeAsync() };
}

import { execFile } from "node:child_process";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { smallFileSystem } from "../staging/small-file-system.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const run = promisify(execFile);

/**
 * A mounted file system that says it has `size` bytes and keeps about `good` of them, as a counterfeit stick does: it takes the
 * rest, syncs, and has something else there when it is asked. The page cache remembers them all.
 */
export async function forgetfulStick(
  size: number,
  good: number,
): Promise<AsyncDisposable & { readonly path: string }> {
  await using cleanup = new AsyncDisposableStack();
  const backing = cleanup.use(await smallFileSystem(good));
  const { path } = cleanup.use(await temporaryDirectory());
  const image = join(backing.path, "image");
  await using made = await open(image, "w");
  await made.truncate(size);
  await run("mkfs.ext4", ["-q", "-O", "^has_journal", "-E", "lazy_itable_init=1", image]);
  await run("mount", ["-o", "loop,errors=continue", image, path]);
  cleanup.defer(async () => {
    await run("umount", [path]);
  });
  const mounted = cleanup.move();
  return { path, [Symbol.asyncDispose]: () => mounted.disposeAsync() };
}

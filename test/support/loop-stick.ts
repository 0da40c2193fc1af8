import { execFile } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { temporaryDirectory } from "./temporary-directory.ts";

const run = promisify(execFile);
const SECTOR = 512;

/** A mounted file system on a disk of its own, which counts what is written to it. */
export async function loopStick(
  size: number,
): Promise<AsyncDisposable & { readonly path: string; bytesWritten(): Promise<number> }> {
  await using cleanup = new AsyncDisposableStack();
  const { path: directory } = cleanup.use(await temporaryDirectory());
  const { path } = cleanup.use(await temporaryDirectory());
  const image = join(directory, "image");
  await using made = await open(image, "w");
  await made.truncate(size);
  await run("mkfs.ext4", ["-q", "-O", "^has_journal", image]);
  await run("mount", ["-o", "loop", image, path]);
  cleanup.defer(async () => {
    await run("umount", [path]);
  });
  const { stdout } = await run("findmnt", ["--noheadings", "--output", "SOURCE", path]);
  const statistics = `/sys/block/${basename(stdout.trim())}/stat`;
  // https://docs.kernel.org/block/stat.html: the seventh number is sectors that were written.
  const bytesWritten = async (): Promise<number> =>
    Number((await readFile(statistics, "utf8")).trim().split(/\s+/)[6]) * SECTOR;
  const before = await bytesWritten();
  const mounted = cleanup.move();
  return {
    path,
    bytesWritten: async () => {
      await run("sync", ["--file-system", path]);
      return (await bytesWritten()) - before;
    },
    [Symbol.asyncDispose]: () => mounted.disposeAsync(),
  };
}

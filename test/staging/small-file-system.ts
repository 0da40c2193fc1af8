import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const run = promisify(execFile);

/** Whether this machine lets tests mount a file system of their own. */
export const canMount = process.platform === "linux" && process.getuid?.() === 0;

/** A file system of so many bytes. */
export async function smallFileSystem(size: number): Promise<
  AsyncDisposable & {
    readonly path: string;
    makeReadOnly(): Promise<void>;
  }
> {
  await using cleanup = new AsyncDisposableStack();
  const { path } = cleanup.use(await temporaryDirectory());
  await run("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path]);
  cleanup.defer(async () => {
    await run("umount", [path]);
  });
  const mounted = cleanup.move();
  return {
    path,
    makeReadOnly: async () => {
      await run("mount", ["-o", "remount,ro", path]);
    },
    [Symbol.asyncDispose]: () => mounted.disposeAsync(),
  };
}

import { execFile, execFileSync } from "node:child_process";
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
    /** At once, whatever is open there, as when a stick is pulled out. */
    pullOut(): void;
  }
> {
  await using cleanup = new AsyncDisposableStack();
  const { path } = cleanup.use(await temporaryDirectory());
  let isIn = true;
  await run("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path]);
  cleanup.defer(async () => {
    if (isIn) await run("umount", [path]);
  });
  const mounted = cleanup.move();
  return {
    path,
    makeReadOnly: async () => {
      await run("mount", ["-o", "remount,ro", path]);
    },
    pullOut: () => {
      const command = ["umount", "-l", path] as const;
      execFileSync(command[0], command.slice(1));
      isIn = false;
    },
    [Symbol.asyncDispose]: () => mounted.disposeAsync(),
  };
}

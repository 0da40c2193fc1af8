import { join } from "node:path";
import { HostError } from "../core/errors.ts";
import { tryLockFile } from "../core/lock-file.ts";
import { thisProcess } from "../core/process-owner.ts";
import type { WorkOptions } from "../core/progress.ts";
import { takeLockFile } from "./content-locks.ts";
import { onDisk } from "./on-disk.ts";
import { namesIn } from "./staged-item.ts";
import { VolumePaths } from "./volume-paths.ts";

const IN_USE = /^use-.*\.lock$/;

let count = 0;

/** Keeps content from being pruned until it is disposed. Waits for who prunes at this moment. */
export async function useVolume(directory: string, options: WorkOptions): Promise<AsyncDisposable> {
  const paths = new VolumePaths(directory);
  return onDisk(paths.root, async () => {
    await using _turn = await takeLockFile(paths.pruning, options);
    // Nobody else has a file of this name, so it is only ever waited for by who prunes.
    return await takeLockFile(paths.use(`${thisProcess()}.${(count += 1)}`), options);
  });
}

/** The volume for oneself alone. Throws {@link HostError} `LOCKED` where a `create` uses it. */
export async function holdVolume(
  paths: VolumePaths,
  options: WorkOptions,
): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  stack.use(await takeLockFile(paths.pruning, options));
  for (const name of await namesIn(paths.locks)) {
    if (!IN_USE.test(name)) continue;
    const attempt = await tryLockFile(join(paths.locks, name), "");
    if (!("lock" in attempt)) throw inUse(paths.root);
    // Of a process that is gone: taken over, and so removed.
    await attempt.lock[Symbol.asyncDispose]();
  }
  const owned = stack.move();
  return { [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function inUse(directory: string): HostError {
  return new HostError(
    "LOCKED",
    `Cannot prune the staging volume "${directory}": another process is using it`,
    { hint: "Wait until that `bundle create` has ended." },
  );
}

import { rmdir } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { HostError } from "../../core/errors.ts";
import { tryLockFile } from "../../core/lock-file.ts";
import { lockedError } from "../locked-error.ts";
import { type Store, ensureStoreDirectory, inStore, statOrUndefined } from "./store.ts";

/** In the store, where everyone sees it who may write there: other users, and other hosts that share it. Ollama does not look at it. */
const LOCK = "ollama-bundle.lock";

/**
 * Lets one installation at a time work on a store, which is made where it is not there, and is gone again with the lock when
 * nothing came into it. Throws {@link HostError} LOCKED, naming the holder.
 */
export async function lockStore(
  store: Store,
  installation: string,
  now: Date,
): Promise<AsyncDisposable> {
  return inStore(store.root, async () => {
    const isNew = (await statOrUndefined(store.root)) === undefined;
    await ensureStoreDirectory(store, "");
    const path = join(store.root, LOCK);
    const note = [installation, process.pid, hostname(), now.toISOString()].join(" ");
    const attempt = await tryLockFile(path, note);
    if ("heldBy" in attempt) throw locked(store, attempt.heldBy, path);
    return {
      async [Symbol.asyncDispose]() {
        await attempt.lock[Symbol.asyncDispose]();
        if (isNew) await rmdir(store.root).catch(() => undefined);
      },
    };
  });
}

function locked({ root }: Store, note: string, path: string): HostError {
  const [, pid, host, since] = note.split(" ");
  return lockedError(`into the store "${root}"`, {
    holder: { pid, host, since },
    hint: `Wait for it. If it is not running any more: rm ${JSON.stringify(path)}`,
  });
}

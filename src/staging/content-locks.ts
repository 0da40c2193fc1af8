import { tryLockFile } from "../core/lock-file.ts";
import type { WorkOptions } from "../core/progress.ts";
import { sleep } from "../core/retry.ts";

const POLL_MS = 100;

let count = 0;

/**
 * One owner at a time per content, among processes (lock files) and within this one. A lock whose owner is dead is taken
 * over; a live owner is waited for. Should two ever hold one lock (an owner that was suspended for longer than its silence
 * allows), they do the same work twice, each byte of it checked.
 */
export class ContentLocks {
  readonly #pathOf: (sha256: string) => string;
  readonly #queues = new Map<string, Promise<void>>();

  constructor(pathOf: (sha256: string) => string) {
    this.#pathOf = pathOf;
  }

  async hold(sha256: string, options: WorkOptions): Promise<AsyncDisposable> {
    const done = Promise.withResolvers<void>();
    const before = this.#queues.get(sha256) ?? Promise.resolve();
    const queue = before.then(() => done.promise);
    this.#queues.set(sha256, queue);
    const leave = (): void => {
      done.resolve();
      if (this.#queues.get(sha256) === queue) this.#queues.delete(sha256);
    };
    try {
      await before;
      const file = await takeLockFile(this.#pathOf(sha256), options);
      return {
        [Symbol.asyncDispose]: async () => {
          try {
            await file[Symbol.asyncDispose]();
          } finally {
            leave();
          }
        },
      };
    } catch (error) {
      leave();
      throw error;
    }
  }
}

/** Takes a lock, and waits for whoever holds it. */
export async function takeLockFile(
  path: string,
  { signal, onProgress }: WorkOptions,
): Promise<AsyncDisposable> {
  const note = String((count += 1));
  let hasWaited = false;
  for (;;) {
    signal?.throwIfAborted();
    const attempt = await tryLockFile(path, note);
    if ("lock" in attempt) return attempt.lock;
    if (!hasWaited)
      onProgress?.({ kind: "note", text: `Waiting for another process that is staging: ${path}` });
    hasWaited = true;
    await sleep(POLL_MS, signal);
  }
}

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

const MAX_THREADS = 4;

/** How many threads a pool has. */
export const THREAD_COUNT = Math.min(MAX_THREADS, availableParallelism());

const ahead = new Set<Worker>();

/**
 * Starts, and gives, the threads that the next pool takes: it is 40 ms until a thread listens, in which the rest of the program can be
 * loaded. They keep no process alive. For a process that makes one pool: threads that nobody takes stay.
 */
export function startThreadsAhead(): readonly Worker[] {
  return Array.from({ length: THREAD_COUNT }, () => {
    const thread = startThread();
    ahead.add(thread);
    // What cannot even start is told by the one that the pool then starts itself.
    const drop = (): unknown => ahead.delete(thread);
    return thread.on("error", drop).on("exit", drop);
  });
}

/** A thread that runs worker.ts, for one owner: one that was started ahead, or a new one. */
export function takeThread(): Worker {
  for (const thread of ahead) {
    ahead.delete(thread);
    return thread;
  }
  return startThread();
}

function startThread(): Worker {
  const entry = import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js";
  const thread = new Worker(new URL(entry, import.meta.url));
  thread.unref();
  return thread;
}

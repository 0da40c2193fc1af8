import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

const MAX_THREADS = 4;

/** How many threads a pool has. */
export const THREAD_COUNT = Math.min(MAX_THREADS, availableParallelism());

const ahead = new Set<Worker>();

/**
 * Starts the threads that the next pool takes: it is 50 ms until a thread listens, in which the rest of the program can be loaded.
 * They keep no process alive.
 */
export function startThreadsAhead(): readonly Worker[] {
  const threads = Array.from({ length: THREAD_COUNT }, startThread);
  for (const thread of threads) {
    ahead.add(thread);
    // What cannot even start is told by the one that the pool then starts itself.
    thread.on("error", () => {}).once("exit", () => ahead.delete(thread));
  }
  return threads;
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

import { once } from "node:events";
import { setFlagsFromString } from "node:v8";

/** Imports what does the work of a command that hashes little or nothing. */
export async function loadUseCase<M>(load: () => Promise<M>): Promise<M> {
  const useCase = await load();
  boundMemory();
  return useCase;
}

/** Imports what does the work of a command that hashes, while the threads for it start. */
export async function loadBesideThreads<M>(load: () => Promise<M>): Promise<M> {
  const { startThreadsAhead } = await import("../core/chunks/worker-thread.ts");
  const online = startThreadsAhead().map((thread) => once(thread, "online"));
  const useCase = await load();
  void Promise.allSettled(online).then(boundMemory);
  return useCase;
}

/**
 * For what moves gigabytes in few objects, and knows thousands of files. Not before everything is loaded, in the threads too: V8
 * takes no compiled code that was made under other flags, and compiles all of Node's own modules again (20 ms, and as much in each
 * thread).
 */
function boundMemory(): void {
  // A young generation that grows, in every thread, by tens of megabytes, gains nothing here.
  setFlagsFromString("--semi-space-growth-factor=1");
  // What is garbage is collected early: else a bundle of thousands of files takes twice the memory of what is known of them.
  setFlagsFromString("--heap-growing-percent=20");
}

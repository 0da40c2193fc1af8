import { setFlagsFromString } from "node:v8";

/** Imports what does the work of a command that hashes little or nothing, into a process that bounds its memory from here on. */
export async function loadUseCase<M>(load: () => Promise<M>): Promise<M> {
  await boundMemory();
  return load();
}

/** The same for a command that hashes: the threads for it start meanwhile. */
export async function loadBesideThreads<M>(load: () => Promise<M>): Promise<M> {
  const { startThreadsAhead } = await import("../core/chunks/worker-thread.ts");
  startThreadsAhead();
  return loadUseCase(load);
}

/**
 * For what moves gigabytes in few objects, and knows thousands of files: young generations that stay small, and garbage that is
 * collected early, without which a bundle of thousands of files takes twice the memory of what is known of them.
 *
 * The largest of Node's modules that every such command has come first. V8 takes no compiled code that was made under other flags,
 * so that Node would compile them again: 20 ms of what a command takes until it begins. Threads, and what is loaded later, do
 * that; with flags that were set when the threads had started, nothing began sooner, and reading a volume back took 256 MiB instead
 * of 195, since young generations had grown by then.
 */
async function boundMemory(): Promise<void> {
  await Promise.all([import("node:crypto"), import("node:stream/promises"), import("node:zlib")]);
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--heap-growing-percent=20");
}

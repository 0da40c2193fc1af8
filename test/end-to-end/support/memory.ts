import type { CommandResult } from "./bundle-command.ts";

const MIB = 1024 * 1024;

/** Many times what the buffers hold; 4 GiB are in the benchmark, 64 GiB in scale-sparse.test.ts. */
export const MODEL_SIZE = 1024 * MIB;
/** What a command may have of resident memory at its peak, for a model of any size. */
export const MEMORY_LIMIT = 256 * MIB;

/** Prints and gives the peak of a command's resident memory, in bytes. */
export function peakOf(what: string, { peakMemory }: CommandResult): number {
  if (peakMemory === undefined) throw new Error("the command did not say how much memory it used");
  console.log(`peak memory of ${what}: ${(peakMemory / MIB).toFixed(0)} MiB`);
  return peakMemory;
}

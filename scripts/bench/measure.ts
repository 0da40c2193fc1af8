import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "../test-hosts/run-command.ts";
import { touchMemory } from "./touch-memory.ts";
import { watchDisk } from "./watch-disk.ts";

/** One thing that is measured; only `run` counts. */
export interface Step {
  readonly name: string;
  readonly prepare?: () => Promise<unknown>;
  /** Files that are brought into the page cache before. */
  readonly reads?: readonly string[];
  readonly run: () => Promise<Ran>;
  /** What it writes in the working directory, and whether it stays there for other steps. */
  readonly writes?: string;
  readonly keeps?: boolean;
  readonly cleanUp?: () => Promise<unknown>;
}

/** What a step knows of itself: bytes of resident memory, all threads included, and how long health checks took. */
export interface Ran {
  readonly peakMemory?: number | undefined;
  readonly healthSeconds?: number | undefined;
}

export interface Sample extends Ran {
  readonly seconds: number;
  /** Bytes of the file that it writes. */
  readonly written?: number | undefined;
  /** Bytes more on the disks than before: at the most, at the end, and after all that it made was removed. */
  readonly diskPeak: number;
  readonly diskKept: number;
  readonly diskLeft: number;
}

/** Where steps run. */
export interface Surroundings {
  readonly cwd: string;
  /** Directories on other disks that they write to. */
  readonly otherDisks: readonly string[];
  /** Bytes of memory that a step may want, page cache included. */
  readonly memory: number;
}

/** Runs a step in a directory, and watches the file systems of that and other ones. */
export async function measure(
  step: Step,
  { cwd, otherDisks, memory }: Surroundings,
): Promise<Sample> {
  const { prepare, reads = [], run, writes, keeps = false, cleanUp } = step;
  const output = writes === undefined ? undefined : join(cwd, writes);
  await prepare?.();
  await touchMemory(memory);
  await runCommand(["sh", "-c", `cd ${cwd}; cat ${reads.join(" ")} </dev/null >/dev/null; sync`]);
  using disk = watchDisk([cwd, ...otherDisks]);
  let sample;
  try {
    const start = process.hrtime.bigint();
    const { peakMemory, healthSeconds } = await run();
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    const diskKept = disk.growth();
    const written = output === undefined ? undefined : (await stat(output)).size;
    sample = { seconds, peakMemory, healthSeconds, written, diskKept, diskPeak: disk.peak() };
  } finally {
    if (output !== undefined && !keeps) await rm(output, { recursive: true, force: true });
    await cleanUp?.();
  }
  return { ...sample, diskLeft: disk.growth() };
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { childrenOf, readIfThere } from "../test-hosts/process-record.ts";

const INTERVAL_MS = 100;

export interface ShellOptions {
  readonly cwd: string;
  /** Added to the environment. */
  readonly env: Readonly<Record<string, string>> | undefined;
}

/** Runs a shell's command line; gives the peak of its processes' resident memory in bytes, as seen ten times a second. */
export async function runShell(
  command: string,
  { cwd, env }: ShellOptions,
): Promise<{ readonly peakMemory: number }> {
  const child = spawn("sh", ["-c", command], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const peaks = new Map<number, number>();
  const timer = setInterval(() => notePeaks(child.pid ?? 0, peaks), INTERVAL_MS);
  const [said, [exitCode]] = await Promise.all([text(child.stderr), once(child, "close")]);
  clearInterval(timer);
  if (exitCode !== 0) throw new Error(`"${command}" exited with ${exitCode}: ${said}`);
  return { peakMemory: [...peaks.values()].reduce((sum, peak) => sum + peak, 0) };
}

/** The kernel's own high-water mark of a process and of everything below it. */
function notePeaks(pid: number, peaks: Map<number, number>): void {
  const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readIfThere(`/proc/${pid}/status`)) ?? [];
  if (kibibytes !== undefined) peaks.set(pid, Number(kibibytes) * 1024);
  for (const child of childrenOf(pid)) notePeaks(child, peaks);
}

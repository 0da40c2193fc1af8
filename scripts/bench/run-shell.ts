import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { childrenOf, readIfThere } from "../test-hosts/process-record.ts";

const INTERVAL_MS = 20;

export interface ShellOptions {
  readonly cwd: string;
  /** Added to the environment. */
  readonly env: Readonly<Record<string, string>>;
}

export interface ShellResult {
  readonly stdout: string;
  /** Bytes that its processes had in memory at the most, all together; undefined where it ended too soon to look. */
  readonly peakMemory: number | undefined;
}

/** Runs a shell's command line to its end. */
export async function runShell(command: string, { cwd, env }: ShellOptions): Promise<ShellResult> {
  const child = spawn("sh", ["-c", command], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const peaks = new Map<number, number>();
  const timer = setInterval(() => notePeaks(child.pid ?? 0, peaks), INTERVAL_MS);
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  const [stdout, stderr, [exitCode]] = await ended.finally(() => clearInterval(timer));
  if (exitCode !== 0) throw new Error(`"${command}" exited with ${exitCode}: ${stderr}`);
  const sum = [...peaks.values()].reduce((sum, peak) => sum + peak, 0);
  return { stdout, peakMemory: sum > 0 ? sum : undefined };
}

/** The kernel's own high-water mark of a process and of everything below it. */
function notePeaks(pid: number, peaks: Map<number, number>): void {
  const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readIfThere(`/proc/${pid}/status`)) ?? [];
  if (kibibytes !== undefined) peaks.set(pid, Number(kibibytes) * 1024);
  for (const child of childrenOf(pid)) notePeaks(child, peaks);
}

import { spawn } from "node:child_process";
import { closeSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { readIfThere, recordedProcess } from "./process-record.ts";

export interface DaemonStart {
  /** Where its record and its log are. */
  readonly directory: string;
  readonly argv: readonly string[];
  /** True once the daemon serves. */
  readonly isReady: () => Promise<boolean>;
}

/** Starts a daemon that outlives this process, unless it runs already; returns its process id once it serves. */
export async function startDaemon(start: DaemonStart): Promise<number> {
  const { directory, argv, isReady } = start;
  const ended = findDaemon(directory) === undefined ? launch(start) : endOf(directory);
  const deadline = Date.now() + 60_000;
  while (!(await isReady())) {
    if (ended() || Date.now() > deadline) {
      await stopDaemon(directory);
      throw new Error(
        `cannot start ${argv[0]}: ${ended() ? "it ended" : "it does not serve"}: ${lastLines(directory)}`,
      );
    }
    await delay(40);
  }
  const pid = findDaemon(directory);
  if (pid === undefined)
    throw new Error(`cannot start ${argv[0]}: another process serves in its place`);
  return pid;
}

/** The process id of the daemon recorded in `directory`, while that very process runs. */
export function findDaemon(directory: string): number | undefined {
  return recordedProcess(join(directory, "process"));
}

/**
 * Ends the recorded daemon: SIGTERM to `target` (by default the daemon itself), SIGKILL to the daemon when that took
 * longer than 20 s. Signals nothing where the recorded process is gone.
 */
export async function stopDaemon(directory: string, target?: number): Promise<void> {
  const pid = findDaemon(directory);
  if (pid !== undefined) {
    sendSignal(target ?? pid, "SIGTERM");
    const deadline = Date.now() + 20_000;
    while (findDaemon(directory) === pid) {
      if (Date.now() > deadline) sendSignal(pid, "SIGKILL");
      await delay(20);
    }
  }
  rmSync(join(directory, "process"), { force: true });
}

// The process writes the record itself before it becomes the daemon: however this program ends, no daemon runs
// without a record. Same words as recordOf().
const recordThenBecome = `
  echo "$$ $(cut -d' ' -f22 /proc/$$/stat) $(cat /proc/sys/kernel/random/boot_id)" > "$0.new"
  mv "$0.new" "$0"
  exec "$@"`;

function launch({ directory, argv }: DaemonStart): () => boolean {
  const record = join(directory, "process");
  rmSync(record, { force: true });
  const log = openSync(join(directory, "log"), "w");
  const child = spawn("/bin/sh", ["-c", recordThenBecome, record, ...argv], {
    cwd: "/",
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  child.unref();
  return () => child.exitCode !== null || child.signalCode !== null;
}

function endOf(directory: string): () => boolean {
  return () => findDaemon(directory) === undefined;
}

function lastLines(directory: string): string {
  return readIfThere(join(directory, "log")).trim().split("\n").slice(-6).join("\n");
}

function sendSignal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

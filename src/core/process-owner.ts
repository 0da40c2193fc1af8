import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { sha256Hex } from "./digest.ts";

const OWNER = /^([0-9a-f]{12})-(\d+)-(\d+)$/;

/** `unknown`: a process of another machine, container or boot, which cannot be asked about here. */
export type Liveness = "alive" | "dead" | "unknown";

/** Names this process, so that another one can tell whether it still runs: `<host>-<pid>-<start>`. */
export function thisProcess(): string {
  return `${hostId()}-${process.pid}-${startOf(process.pid) ?? 0}`;
}

/** Whether the process of that name runs. A pid that was given to another process since is told by its start time. */
export function livenessOf(owner: string): Liveness {
  const [, host, pidText, start] = OWNER.exec(owner) ?? [];
  if (host !== hostId()) return "unknown";
  const pid = Number(pidText);
  if (!isRunning(pid)) return "dead";
  const startNow = startOf(pid);
  return startNow === undefined || startNow === start ? "alive" : "dead";
}

/** Where pids have the same meaning: one machine, one boot of it, one pid namespace. */
function hostId(): string {
  const parts = [
    hostname(),
    textOf(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")),
    textOf(() => readlinkSync("/proc/self/ns/pid")),
  ];
  return sha256Hex(parts.join("\n")).slice(0, 12);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  // A killed process that nobody has waited for yet still takes signals.
  return !/^[ZX]$/.test(statFields(pid)?.[0] ?? "");
}

/** In clock ticks since boot (proc_pid_stat(5), field 22), where the system says. */
function startOf(pid: number): string | undefined {
  return statFields(pid)?.[19];
}

/** The fields of `/proc/<pid>/stat` from the third on: the second, the program's name, may hold anything. */
function statFields(pid: number): string[] | undefined {
  const stat = textOf(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  return stat === "" ? undefined : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function textOf(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}

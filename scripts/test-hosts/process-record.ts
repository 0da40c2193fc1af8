import { readFileSync } from "node:fs";

/**
 * "PID START BOOT": a process in words that a later process cannot be mistaken for. START is the kernel's start
 * time in ticks (proc_pid_stat(5), field 22), BOOT the kernel's boot id. Undefined when no such process runs.
 */
export function recordOf(pid: number): string | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const started = fields[18];
  if (started === undefined || state === "Z") return undefined;
  return `${pid} ${started} ${readIfThere("/proc/sys/kernel/random/boot_id").trim()}`;
}

/** The process id recorded in the file, while that very process runs. */
export function recordedProcess(file: string): number | undefined {
  const record = readIfThere(file).trim();
  const pid = Number.parseInt(record, 10);
  return pid > 0 && recordOf(pid) === record ? pid : undefined;
}

/** Process ids of the children of `pid` whose program is called `name`, where one is given. */
export function childrenOf(pid: number, name?: string): readonly number[] {
  const pids = readIfThere(`/proc/${pid}/task/${pid}/children`).trim().split(" ").filter(Boolean);
  return pids
    .map(Number)
    .filter((child) => !name || readIfThere(`/proc/${child}/comm`).trim() === name);
}

/** A small file's text; nothing where there is no such file. */
export function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return "";
    throw error;
  }
}

import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "./lock.ts";
import { recordedProcess, recordOf } from "./process-record.ts";
import { startTestHosts, stopTestHosts } from "./start-test-hosts.ts";
import { statePath } from "./state-directory.ts";
import type { OnProgress, TestHosts } from "./test-hosts.ts";

export interface HeldTestHosts {
  readonly hosts: TestHosts;
  /** Stops the hosts, unless another run still uses them or `up` asked to leave them running. */
  readonly release: () => Promise<void>;
}

/** The hosts for as long as this process needs them; what is not up is started. */
export async function holdTestHosts(onProgress: OnProgress): Promise<HeldTestHosts> {
  const hold = join(holdsDirectory(), String(process.pid));
  const hosts = await withLock(async () => {
    writeFileSync(hold, recordOf(process.pid) ?? "");
    return startTestHosts(onProgress);
  });
  return { hosts, release: () => withLock(() => release(hold)) };
}

/** Starts the hosts and leaves them running. */
export async function keepTestHosts(onProgress: OnProgress): Promise<TestHosts> {
  return withLock(async () => {
    const hosts = await startTestHosts(onProgress);
    writeFileSync(join(holdsDirectory(), keep), "");
    return hosts;
  });
}

/** Stops the hosts, whoever uses them. */
export async function dropTestHosts(): Promise<void> {
  await withLock(async () => {
    rmSync(holdsDirectory(), { recursive: true });
    await stopTestHosts();
  });
}

const keep = "keep";

async function release(hold: string): Promise<void> {
  rmSync(hold, { force: true });
  const holds = readdirSync(holdsDirectory());
  const used = holds.some(
    (name) => name === keep || recordedProcess(join(holdsDirectory(), name)) !== undefined,
  );
  if (!used) await stopTestHosts();
}

/** One file for each process that uses the hosts; those of processes that were killed count for nothing. */
function holdsDirectory(): string {
  const directory = statePath("holds");
  mkdirSync(directory, { recursive: true });
  return directory;
}

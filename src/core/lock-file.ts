import { open, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hasCode } from "./errors.ts";
import { undefinedWhereMissing } from "./files.ts";
import { livenessOf, thisProcess } from "./process-owner.ts";
import { sleep } from "./retry.ts";

const POLL_MS = 100;
/** An owner that cannot be asked whether it lives says so by touching its lock this often. */
const HEARTBEAT_MS = 10_000;
const SILENCE_MS = 6 * HEARTBEAT_MS;
/** A lock file is written in two steps, create and fill: an empty one of this age was abandoned in between. */
const EMPTY_MS = 10_000;

export type LockAttempt =
  | { readonly lock: AsyncDisposable }
  /** The note of whoever holds it. */
  | { readonly heldBy: string };

/**
 * Takes a lock, which is a file that one process at a time can make. `note` stands in it, to tell this owner from all others.
 * A lock whose owner is dead, or has not been heard of for a minute where it cannot be asked, is taken over.
 */
export async function tryLockFile(path: string, note: string): Promise<LockAttempt> {
  const text = `${thisProcess()} ${note}`;
  for (;;) {
    if (await create(path, text)) return { lock: heldLock(path, text) };
    if (await isAbandoned(path)) {
      await removeAbandoned(path);
      continue;
    }
    const held = await textOf(path);
    if (held !== undefined && held !== "") return { heldBy: held.slice(held.indexOf(" ") + 1) };
    await sleep(POLL_MS);
  }
}

function heldLock(path: string, text: string): AsyncDisposable {
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, HEARTBEAT_MS);
  heartbeat.unref();
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(heartbeat);
      if ((await textOf(path)) === text) await rm(path, { force: true });
    },
  };
}

async function create(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: "wx" });
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  const [text, age] = await Promise.all([textOf(path), ageOf(path)]);
  if (text === undefined || age === undefined) return false;
  const [owner = ""] = text.split(" ");
  if (owner === "") return age > EMPTY_MS;
  const liveness = livenessOf(owner);
  return liveness === "dead" || (liveness === "unknown" && age > SILENCE_MS);
}

/** Only who holds `<lock>.break` removes an abandoned lock: else two could see it, and the later remove the earlier's new one. */
async function removeAbandoned(path: string): Promise<void> {
  const breaker = `${path}.break`;
  try {
    await (await open(breaker, "wx")).close();
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    if (((await ageOf(breaker)) ?? 0) > EMPTY_MS) await rm(breaker, { force: true });
    await sleep(POLL_MS);
    return;
  }
  try {
    if (await isAbandoned(path)) await rm(path, { force: true });
  } finally {
    await rm(breaker, { force: true });
  }
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(undefinedWhereMissing);
}

/** Milliseconds since the file was last written or touched. */
async function ageOf(path: string): Promise<number | undefined> {
  const stats = await stat(path).catch(undefinedWhereMissing);
  return stats === undefined ? undefined : Date.now() - stats.mtimeMs;
}

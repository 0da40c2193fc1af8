import { open, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hasCode } from "../core/errors.ts";
import type { WorkOptions } from "../core/progress.ts";
import { sleep } from "../core/retry.ts";
import { livenessOf, thisProcess } from "./process-owner.ts";

const POLL_MS = 100;
/** An owner that cannot be asked whether it lives says so by touching its lock this often. */
const HEARTBEAT_MS = 10_000;
const SILENCE_MS = 6 * HEARTBEAT_MS;
/** A lock file is written in two steps, create and fill: an empty one of this age was abandoned in between. */
const EMPTY_MS = 10_000;

let count = 0;

/**
 * One owner at a time per content, among processes (lock files) and within this one. A lock whose owner is dead is taken
 * over; a live owner is waited for. Should two ever hold one lock (an owner that was suspended for longer than its silence
 * allows), they do the same work twice, each byte of it checked.
 */
export class ContentLocks {
  readonly #pathOf: (sha256: string) => string;
  readonly #queues = new Map<string, Promise<void>>();

  constructor(pathOf: (sha256: string) => string) {
    this.#pathOf = pathOf;
  }

  async hold(sha256: string, options: WorkOptions): Promise<AsyncDisposable> {
    const done = Promise.withResolvers<void>();
    const before = this.#queues.get(sha256) ?? Promise.resolve();
    const queue = before.then(() => done.promise);
    this.#queues.set(sha256, queue);
    const leave = (): void => {
      done.resolve();
      if (this.#queues.get(sha256) === queue) this.#queues.delete(sha256);
    };
    try {
      await before;
      const file = await takeLockFile(this.#pathOf(sha256), options);
      return {
        [Symbol.asyncDispose]: async () => {
          try {
            await file[Symbol.asyncDispose]();
          } finally {
            leave();
          }
        },
      };
    } catch (error) {
      leave();
      throw error;
    }
  }
}

async function takeLockFile(
  path: string,
  { signal, onProgress }: WorkOptions,
): Promise<AsyncDisposable> {
  const owner = `${thisProcess()} ${(count += 1)}`;
  let hasWaited = false;
  for (;;) {
    signal?.throwIfAborted();
    if (await create(path, owner)) return heldLock(path, owner);
    if (await isAbandoned(path)) {
      await removeAbandoned(path);
      continue;
    }
    if (!hasWaited)
      onProgress?.({ kind: "note", text: `Waiting for another process that is staging: ${path}` });
    hasWaited = true;
    await sleep(POLL_MS, signal);
  }
}

function heldLock(path: string, owner: string): AsyncDisposable {
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, HEARTBEAT_MS);
  heartbeat.unref();
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(heartbeat);
      if ((await textOf(path)) === owner) await rm(path, { force: true });
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
  return readFile(path, "utf8").catch(missing);
}

/** Milliseconds since the file was last written or touched. */
async function ageOf(path: string): Promise<number | undefined> {
  const stats = await stat(path).catch(missing);
  return stats === undefined ? undefined : Date.now() - stats.mtimeMs;
}

function missing(error: unknown): undefined {
  if (hasCode(error, "ENOENT")) return undefined;
  throw error;
}

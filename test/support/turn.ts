import { mkdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { hasCode } from "../../src/core/errors.ts";

/** As long as many suites take that come before, in milliseconds. */
export const TURN_PATIENCE = 1_800_000;

const POLL_MS = 100;

/** Waits until nobody else has `name` in `directory`, in any process; disposing gives it to the next. */
export async function takeTurn(directory: string, name: string): Promise<AsyncDisposable> {
  const path = join(directory, name);
  while (!(await isMade(path))) await delay(POLL_MS);
  return { [Symbol.asyncDispose]: () => rmdir(path) };
}

async function isMade(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
}

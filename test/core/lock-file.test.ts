import { copyFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type LockAttempt, tryLockFile } from "../../src/core/lock-file.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

test("a lock that is being made is waited for, until it says whose it is", async () => {
  await using directory = await temporaryDirectory();
  const [path, filled] = [join(directory.path, "lock"), join(directory.path, "filled")];
  await using _first = lockOf(await tryLockFile(filled, "first"));
  await writeFile(path, "");
  const attempt = tryLockFile(path, "second");
  await copyFile(filled, path);
  expect(await attempt).toEqual({ heldBy: "first" });
});

test("a lock that was left half made is taken over after ten seconds", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "lock");
  await writeFile(path, "");
  const past = new Date(Date.now() - 11_000);
  await utimes(path, past, past);
  await using lock = lockOf(await tryLockFile(path, "second"));
  expect(await tryLockFile(path, "third")).toEqual({ heldBy: "second" });
  expect(lock).toBeDefined();
});

function lockOf(attempt: LockAttempt): AsyncDisposable {
  if ("lock" in attempt) return attempt.lock;
  throw new Error(`it is held by "${attempt.heldBy}"`);
}

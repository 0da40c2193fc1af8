import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ContentLocks } from "../../src/staging/content-locks.ts";
import { livenessOf, thisProcess } from "../../src/core/process-owner.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

test("lets one holder in after the other, in one process and in two objects", async () => {
  await using dir = await temporaryDirectory();
  const [mine, others] = [locksIn(dir.path), locksIn(dir.path)];
  let holders = 0;
  let most = 0;
  const work = async (which: ContentLocks) => {
    await using _lock = await which.hold("a", {});
    holders += 1;
    most = Math.max(most, holders);
    await new Promise((resolve) => setImmediate(resolve));
    holders -= 1;
  };
  await Promise.all([mine, others, mine, others, mine].map(work));
  expect(most).toBe(1);
  expect(await readdir(dir.path)).toEqual([]);
});

test("takes over the lock of a process that is gone, and that of a reused pid", async () => {
  await using dir = await temporaryDirectory();
  const [host = "", , start = ""] = thisProcess().split("-");
  const gone = spawn(process.execPath, ["-e", ""]);
  await once(gone, "exit");
  for (const owner of [
    `${host}-${gone.pid}-${start}`,
    `${host}-${process.pid}-${Number(start) + 1}`,
  ]) {
    await writeFile(join(dir.path, "a"), `${owner} 1`);
    await using _lock = await locksIn(dir.path).hold("a", {});
    expect(await readFile(join(dir.path, "a"), "utf8")).toContain(thisProcess());
  }
});

test("waits for another machine's lock while it is touched, and takes it when it is not", async () => {
  await using dir = await temporaryDirectory();
  await writeFile(join(dir.path, "a"), "000000000000-1-1 1");
  const stop = new AbortController();
  const waiting = locksIn(dir.path).hold("a", {
    signal: stop.signal,
    onProgress: () => stop.abort(new Error("enough")),
  });
  await expect(waiting).rejects.toThrow("enough");
  const longAgo = Date.now() / 1000 - 61;
  await utimes(join(dir.path, "a"), longAgo, longAgo);
  await using _lock = await locksIn(dir.path).hold("a", {});
});

test("of many that find an abandoned lock, one at a time gets it", async () => {
  await using dir = await temporaryDirectory();
  const [host = ""] = thisProcess().split("-");
  await writeFile(join(dir.path, "a"), `${host}-${process.pid}-1 1`);
  let holders = 0;
  const work = async () => {
    await using _lock = await locksIn(dir.path).hold("a", {});
    holders += 1;
    expect(holders).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    holders -= 1;
  };
  await Promise.all(Array.from({ length: 10 }, work));
});

test("tells a live process from a dead one and from another machine's", async () => {
  expect(livenessOf(thisProcess())).toBe("alive");
  expect(livenessOf(`000000000000-${process.pid}-1`)).toBe("unknown");
  expect(livenessOf("nonsense")).toBe("unknown");
});

function locksIn(directory: string): ContentLocks {
  return new ContentLocks((name) => join(directory, name));
}

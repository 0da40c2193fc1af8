import { expect, test } from "vitest";
import { WriteBehind } from "../../src/core/write-behind.ts";

const MiB = 1024 * 1024;

/** A file of which only syncing matters here: a datasync ends when the test says so. */
function fileInTest() {
  const calls: string[] = [];
  const under: PromiseWithResolvers<void>[] = [];
  return {
    calls,
    under,
    datasync: async () => {
      calls.push("datasync");
      const ends = Promise.withResolvers<void>();
      under.push(ends);
      await ends.promise;
    },
    sync: async () => void calls.push("sync"),
  };
}

test("puts the disk to work while more bytes come, once at a time", async () => {
  const file = fileInTest();
  const behind = new WriteBehind(file);
  behind.wrote(63 * MiB);
  expect(file.calls).toEqual([]);
  for (let piece = 0; piece < 40; piece += 1) behind.wrote(8 * MiB);
  expect(file.calls).toEqual(["datasync"]);
  file.under[0]?.resolve();
  await new Promise(setImmediate);
  behind.wrote(1);
  expect(file.calls).toEqual(["datasync", "datasync"]);
  const synced = behind.sync();
  await new Promise(setImmediate);
  expect(file.calls).toEqual(["datasync", "datasync"]);
  file.under[1]?.resolve();
  await synced;
  expect(file.calls).toEqual(["datasync", "datasync", "sync"]);
});

test("keeps the error of a write that the system tells of once", async () => {
  const file = fileInTest();
  const behind = new WriteBehind(file);
  behind.wrote(64 * MiB);
  const lost = new Error("EIO");
  file.under[0]?.reject(lost);
  await new Promise(setImmediate);
  expect(() => behind.wrote(1)).toThrow(lost);
  await expect(behind.sync()).rejects.toBe(lost);
  expect(file.calls).not.toContain("sync");
});

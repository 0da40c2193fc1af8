import { once } from "node:events";
import { expect, test } from "vitest";
import { ChunkPool } from "../../../src/core/chunks/pool.ts";
import {
  THREAD_COUNT,
  startThreadsAhead,
  takeThread,
} from "../../../src/core/chunks/worker-thread.ts";
import { sha256Hex } from "../../../src/core/digest.ts";

test("threads that were started ahead are each taken once, then new ones are started", async () => {
  const started = startThreadsAhead();
  const taken = Array.from({ length: THREAD_COUNT + 1 }, takeThread);
  expect(started.map((thread) => taken.indexOf(thread))).toEqual(started.map((_, at) => at));
  expect(new Set(taken).size).toBe(THREAD_COUNT + 1);
  await Promise.all(taken.map((thread) => thread.terminate()));
});

test("a thread that ended before it was taken is not given to anybody", async () => {
  const started = startThreadsAhead();
  const exits = started.map((thread) => once(thread, "exit"));
  await Promise.all(started.map((thread) => thread.terminate()));
  await Promise.all(exits);
  await using pool = new ChunkPool();
  using lease = await pool.lease();
  lease.bytes.set(Buffer.from("content"));
  expect(await pool.run("digest", lease, { length: 7 })).toBe(sha256Hex("content"));
});

test("what a thread was given fails when the thread ends", async () => {
  const started = startThreadsAhead();
  await using pool = new ChunkPool();
  using lease = await pool.lease();
  const given = Array.from({ length: 30 }, () => pool.run("digest", lease, { length: 8_000_000 }));
  const settled = Promise.allSettled(given);
  await Promise.all(started.map((thread) => thread.terminate()));
  const reasons = (await settled).flatMap((each) =>
    each.status === "rejected" ? [String(each.reason)] : [],
  );
  expect(reasons.length).toBeGreaterThan(0);
  expect(new Set(reasons)).toEqual(new Set(["Error: a worker thread ended"]));
});

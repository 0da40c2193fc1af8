import { once } from "node:events";
import { expect, test } from "vitest";
import { eachAtOnce } from "../../src/core/each-at-once.ts";

test("does so many at once and no more, and keeps the order of the results", async () => {
  let running = 0;
  let most = 0;
  const results = await eachAtOnce([5, 4, 3, 2, 1, 0], { atOnce: 3 }, async (item) => {
    running += 1;
    most = Math.max(most, running);
    for (let i = 0; i < item; i += 1) await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return item * 10;
  });
  expect(results).toEqual([50, 40, 30, 20, 10, 0]);
  expect(most).toBe(3);
});

test("the first error stops the others, begins no more, and is thrown when all have ended", async () => {
  const error = new Error("first");
  const ended: number[] = [];
  const work = eachAtOnce([0, 1, 2, 3], { atOnce: 2 }, async (item, signal) => {
    if (item === 1) throw error;
    if (!signal.aborted) await once(signal, "abort");
    ended.push(item);
  });
  await expect(work).rejects.toBe(error);
  expect(ended).toEqual([0]);
});

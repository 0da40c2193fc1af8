import { expect, test } from "vitest";
import { readAhead } from "../../src/bundle/read-ahead.ts";

/** Work of which each result is counted until it is disposed. */
function heldResults() {
  const held = new Set<number>();
  const work = async (item: number) => {
    await new Promise(setImmediate);
    held.add(item);
    return { item, [Symbol.dispose]: () => void held.delete(item) };
  };
  return { held, work };
}

test("works on so many at a time, and gives the results in order", async () => {
  const { held, work } = heldResults();
  const items: number[] = [];
  for await (const result of readAhead([0, 1, 2, 3, 4, 5], { ahead: 3 }, work)) {
    using used = result;
    expect(held.size).toBeLessThanOrEqual(4);
    items.push(used.item);
  }
  expect(items).toEqual([0, 1, 2, 3, 4, 5]);
  expect(held.size).toBe(0);
});

test("an abort gives everything back that nobody was given", async () => {
  const { held, work } = heldResults();
  const abort = new AbortController();
  const reason = new Error("stopped by the user");
  const reading = (async () => {
    for await (const result of readAhead(
      [0, 1, 2, 3, 4, 5],
      { ahead: 3, signal: abort.signal },
      work,
    )) {
      using _used = result;
      abort.abort(reason);
    }
  })();
  await expect(reading).rejects.toBe(reason);
  expect(held.size).toBe(0);
});

test("a consumer that stops, and work that fails, do so too", async () => {
  const { held, work } = heldResults();
  for await (const result of readAhead([0, 1, 2, 3], { ahead: 3 }, work)) {
    using _used = result;
    break;
  }
  expect(held.size).toBe(0);
  const failure = new Error("the medium is gone");
  const failing = async (item: number) => {
    if (item === 2) throw failure;
    return await work(item);
  };
  const reading = (async () => {
    for await (const result of readAhead([0, 1, 2, 3, 4], { ahead: 4 }, failing))
      result[Symbol.dispose]();
  })();
  await expect(reading).rejects.toBe(failure);
  expect(held.size).toBe(0);
});

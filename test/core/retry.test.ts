import { expect, test } from "vitest";
import { TransientFailure, retry } from "../../src/core/retry.ts";

const FAST = { retries: 2, firstDelayMs: 1, maxDelayMs: 2 };

test("tries again what may go well, and gives what it brings", async () => {
  const told: string[] = [];
  let tries = 0;
  const work = async () => {
    tries += 1;
    if (tries < 3) throw new TransientFailure(new Error(`failure ${tries}`));
    return "done";
  };
  expect(await retry(work, FAST, { onRetry: ({ message }) => told.push(message) })).toBe("done");
  expect(told).toEqual(["failure 1", "failure 2"]);
});

test("gives up after the last try with the error of that try", async () => {
  const errors: Error[] = [];
  const work = async () => {
    const error = new Error("down");
    errors.push(error);
    throw new TransientFailure(error);
  };
  const thrown = await retry(work, FAST).catch((error: unknown) => error);
  expect(errors).toHaveLength(3);
  expect(thrown).toBe(errors[2]);
});

test("never tries again what would fail the same way, a TypeError of ours included", async () => {
  for (const error of [new Error("no such model"), new TypeError("a bug")]) {
    let tries = 0;
    const work = async () => {
      tries += 1;
      throw error;
    };
    await expect(retry(work, FAST)).rejects.toBe(error);
    expect(tries).toBe(1);
  }
});

test("a try that made progress does not count", async () => {
  let tries = 0;
  const work = async () => {
    tries += 1;
    if (tries < 10) throw new TransientFailure(new Error("cut"), { madeProgress: true });
    return tries;
  };
  expect(await retry(work, FAST)).toBe(10);
});

test("an abort while it waits ends it with the reason of the abort", async () => {
  const stop = new AbortController();
  const reason = new Error("Ctrl-C");
  const work = async () => {
    throw new TransientFailure(new Error("busy"), { waitMs: 1_000_000 });
  };
  const onRetry = () => queueMicrotask(() => stop.abort(reason));
  await expect(retry(work, FAST, { signal: stop.signal, onRetry })).rejects.toBe(reason);
});

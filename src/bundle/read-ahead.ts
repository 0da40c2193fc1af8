import { thrownLater } from "../core/thrown-later.ts";

export interface ReadAhead {
  /** How many items are worked on at a time. */
  readonly ahead: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Works on several items at a time and yields the results in order. When the consumer stops early, an item fails, or the signal
 * aborts, the results that are already on their way are awaited and disposed, and then its reason is thrown. Whoever stands between
 * this and the one who disposes a result must not throw: it may hold a buffer of the pool.
 */
export async function* readAhead<T, R>(
  items: Iterable<T>,
  { ahead, signal }: ReadAhead,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  const iterator = items[Symbol.iterator]();
  const begin = (): void => {
    const next = iterator.next();
    if (next.done === true) return;
    running.push(thrownLater(work(next.value)));
  };
  try {
    for (let i = 0; i < ahead; i += 1) begin();
    for (let result = running.shift(); result !== undefined; result = running.shift()) {
      const value = await result;
      if (signal?.aborted === true) disposeOf(value);
      signal?.throwIfAborted();
      begin();
      yield value;
    }
  } finally {
    // Each at once: one that still waits for a buffer may wait for that of another.
    await Promise.allSettled(running.map((result) => result.then(disposeOf)));
  }
}

function disposeOf(value: unknown): void {
  if (typeof value === "object" && value !== null && Symbol.dispose in value)
    (value as Disposable)[Symbol.dispose]();
}

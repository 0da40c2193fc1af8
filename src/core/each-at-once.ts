/**
 * Does the same to every item, so many at once, and gives the results in the items' order. The first error aborts the others
 * through their signal, and is thrown after all have ended.
 */
export async function eachAtOnce<Item, Result>(
  items: readonly Item[],
  { atOnce, signal }: { readonly atOnce: number; readonly signal?: AbortSignal | undefined },
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  const failure = new AbortController();
  const stop = signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal]);
  const queue = items.entries();
  const results: Result[] = [];
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) {
      stop.throwIfAborted();
      results[index] = await work(item, stop);
    }
  };
  const workers = Array.from({ length: Math.min(atOnce, items.length) }, async () =>
    worker().catch((error: unknown) => failure.abort(error)),
  );
  await Promise.all(workers);
  stop.throwIfAborted();
  return results;
}

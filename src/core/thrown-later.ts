/** A promise that is awaited later: that is where its error is thrown, and until then it must not count as unhandled. */
export function thrownLater<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

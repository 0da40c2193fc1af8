import pRetry from "p-retry";

/** How often and how patiently something is tried again. All times in milliseconds. */
export interface RetryPolicy {
  /** Tries after the first. */
  readonly retries: number;
  /** Before the second try; twice as long before each further one. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

/**
 * Thrown by work that may go well another time. `error` is what the caller of {@link retry} sees when no try is left;
 * `waitMs` is how long the other side asked to be left alone; `madeProgress` means that the try brought something that the
 * next one need not bring again, so that it does not count.
 */
export class TransientFailure extends Error {
  readonly error: Error;
  readonly waitMs: number;
  readonly madeProgress: boolean;

  constructor(error: Error, { waitMs = 0, madeProgress = false } = {}) {
    super(error.message, { cause: error });
    this.name = "TransientFailure";
    this.error = error;
    this.waitMs = waitMs;
    this.madeProgress = madeProgress;
  }
}

/** Told before each further try; `waitMs` is how long the other side asked to be left alone until then. */
export type OnRetry = (error: Error, waitMs: number) => void;

/**
 * Runs `work` until it does not throw a {@link TransientFailure}; any other error ends it at once. `work` must begin anew each
 * time: a stream that was read from cannot be retried, what opens it can.
 */
export async function retry<T>(
  work: () => Promise<T>,
  policy: RetryPolicy,
  { signal, onRetry }: { signal?: AbortSignal | undefined; onRetry?: OnRetry } = {},
): Promise<T> {
  try {
    return await pRetry(work, {
      retries: policy.retries,
      minTimeout: policy.firstDelayMs,
      maxTimeout: policy.maxDelayMs,
      randomize: true,
      ...(signal === undefined ? {} : { signal }),
      shouldConsumeRetry: ({ error }) => !(error instanceof TransientFailure && error.madeProgress),
      shouldRetry: async ({ error, retryDelay }) => {
        if (!(error instanceof TransientFailure)) return false;
        onRetry?.(error.error, error.waitMs);
        await sleep(error.waitMs - retryDelay, signal);
        return true;
      },
    });
  } catch (error) {
    throw error instanceof TransientFailure ? error.error : error;
  }
}

/** Waits; an abort ends the waiting with the reason of the abort. */
export async function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  if (milliseconds <= 0) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  const stop = (): void => reject(signal?.reason);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

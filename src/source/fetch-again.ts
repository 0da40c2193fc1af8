import { SourceError } from "../core/errors.ts";
import { type RetryPolicy, TransientFailure, retry } from "../core/retry.ts";
import { tellRetries } from "../registry/tell-retries.ts";
import type { StagedFile } from "../staging/staged-file.ts";
import type { StagingOptions } from "../staging/staging-volume.ts";

/** Each try brings the whole blob again. */
const POLICY: RetryPolicy = { retries: 2, firstDelayMs: 200, maxDelayMs: 1000 };

/** Fetches content again that came wrong: it may have been damaged on the way. Bytes that come again are told of once. */
export async function fetchAgainWhereWrong(
  options: StagingOptions,
  fetch: (options: StagingOptions) => Promise<StagedFile>,
): Promise<StagedFile> {
  const { signal, onProgress } = options;
  let told = 0;
  const attempt = async (): Promise<StagedFile> => {
    let came = 0;
    const onBytes = (bytes: number): void => {
      came += bytes;
      if (came > told) options.onBytes?.(came - told);
      told = Math.max(told, came);
    };
    try {
      return await fetch({ ...options, onBytes });
    } catch (error) {
      const isWrong = error instanceof SourceError && error.code === "WRONG_CONTENT";
      throw isWrong ? new TransientFailure(error) : error;
    }
  };
  return retry(attempt, POLICY, { signal, onRetry: tellRetries(onProgress) });
}

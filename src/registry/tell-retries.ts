import type { OnProgress } from "../core/progress.ts";
import type { OnRetry } from "../core/retry.ts";

/** A longer wait is told to who watches, and not only to the log. Milliseconds. */
const UNNOTICED_MS = 5000;

/** Tells of each further try, and how long it is waited for where a registry wants that. */
export function tellRetries(onProgress: OnProgress | undefined): OnRetry {
  return ({ message }, waitMs) => {
    if (waitMs <= UNNOTICED_MS) {
      onProgress?.({ kind: "note", text: `Trying again: ${message}` });
      return;
    }
    const seconds = Math.ceil(waitMs / 1000);
    onProgress?.({ kind: "warning", text: `Trying again in ${seconds} seconds: ${message}` });
  };
}

import type { OnProgress } from "../core/progress.ts";
import { countBytes } from "../core/progress.ts";

/** Counts the bytes of a model's blobs as one item of progress. */
export function stagedBlobCounter(
  item: string,
  blobs: readonly { readonly size: number }[],
  onProgress: OnProgress | undefined,
): (bytes: number) => void {
  return countBytes(
    item,
    blobs.reduce((sum, { size }) => sum + size, 0),
    onProgress,
  );
}

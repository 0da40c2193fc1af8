/**
 * What a use case tells while it works. Results are returned, not told: the command line prints them.
 *
 * - `step`: a new phase begins.
 * - `bytes`: an item moved on. `item` stays the same for one thing (a blob, an image); `done` and `total` are bytes. A retry
 *   continues where the item was and never goes back. `total` is missing while it is not known.
 * - `warning`: something the user should know that stops nothing.
 * - `note`: a fact for the log.
 */
export type ProgressEvent =
  | { readonly kind: "step"; readonly text: string }
  | {
      readonly kind: "bytes";
      readonly item: string;
      readonly done: number;
      readonly total?: number;
    }
  | { readonly kind: "warning"; readonly text: string }
  | { readonly kind: "note"; readonly text: string };

export type OnProgress = (event: ProgressEvent) => void;

/** What every function that does I/O takes as its last parameter. */
export interface WorkOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** An `onProgress` that counts bytes of one item, for code that knows only the bytes it just moved. */
export function countBytes(
  item: string,
  total: number,
  onProgress: OnProgress | undefined,
): (bytes: number) => void {
  let done = 0;
  return (bytes) => {
    done += bytes;
    onProgress?.({ kind: "bytes", item, done, total });
  };
}

/** The same options, with every warning also kept for the result. */
export function keepingWarnings({ signal, onProgress }: WorkOptions): {
  readonly work: WorkOptions;
  readonly warnings: readonly string[];
} {
  const warnings: string[] = [];
  const listen: OnProgress = (event) => {
    if (event.kind === "warning") warnings.push(event.text);
    onProgress?.(event);
  };
  return { work: { signal, onProgress: listen }, warnings };
}

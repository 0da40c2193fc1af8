import type { ProgressEvent } from "../../core/progress.ts";

/** Shows progress to a person; disposing of it leaves the stream at the beginning of a line. */
export interface ProgressView extends Disposable {
  show(event: ProgressEvent): void;
}

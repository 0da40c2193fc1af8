import type { BundledFile } from "../bundle/models-json.ts";
import type { WorkOptions } from "../core/progress.ts";

/** A place beside the image that models are written into; what each step changes is in the journal before. */
export interface ModelsTarget {
  /** Writes the blobs that are lacking or damaged there, and returns those that are new. No manifest names them yet. */
  readonly writeBlobs: (options: WorkOptions) => Promise<readonly BundledFile[]>;
  /** Makes the blobs models, once every byte of the bundle was checked. */
  readonly writeManifests: (options: WorkOptions) => Promise<void>;
}

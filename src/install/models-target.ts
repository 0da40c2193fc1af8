import type { BundledFile } from "../bundle/models-json.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { ModelsThere } from "./models-there.ts";

/** A place beside the image that models are written into; what each step changes is in the journal before. */
export interface ModelsTarget {
  /** Whether nothing can be written, or be undone, before the image is loaded. */
  readonly needsImage: boolean;
  /** Writes the blobs that are lacking or damaged there. No manifest names them yet. */
  readonly writeBlobs: (options: WorkOptions) => Promise<WrittenBlobs>;
  /** Makes the blobs models, once every byte of the bundle was checked. */
  readonly writeManifests: (options: WorkOptions) => Promise<void>;
  /** Removes manifests; undoing puts them back. */
  readonly removeModels: (models: ModelsThere) => Promise<void>;
  /** Removes those of these blobs, `blobs/sha256-<hex>`, that no manifest names now. This is not undone. */
  readonly removeUnnamed: (blobs: ReadonlySet<string>) => Promise<void>;
}

/** The models are in the image: there is nothing beside it. */
export const IMAGE_TARGET: ModelsTarget = {
  needsImage: true,
  writeBlobs: () => Promise.resolve({ blobs: [], before: new Map() }),
  writeManifests: () => Promise.resolve(),
  removeModels: () => Promise.resolve(),
  removeUnnamed: () => Promise.resolve(),
};

export interface WrittenBlobs {
  /** Those that are new there. */
  readonly blobs: readonly BundledFile[];
  /** The models that were there before. */
  readonly before: ModelsThere;
}

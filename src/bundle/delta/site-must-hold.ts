import { imageBlobPaths, modelBlobPath } from "../blob-paths.ts";
import { hexOfBlobPath } from "../file-paths.ts";
import type { BundledImage, Delta, ModelsJson } from "../models-json.ts";
import { ownersOf } from "../owners.ts";

/** What a delta left out, for people: the site must hold it. Sizes are bytes. */
export interface SiteMustHold {
  readonly base: Delta["base"];
  readonly images: readonly Pick<BundledImage, "reference" | "configDigest" | "diffIds">[];
  readonly blobs: readonly MustHoldBlob[];
  /** What leaving it out saves. */
  readonly bytes: number;
}

export interface MustHoldBlob {
  readonly sha256: string;
  readonly size: number;
  /** The models of the bundle that need it. */
  readonly models: readonly string[];
}

/** What the site must hold, or undefined for a bundle that has everything. */
export function siteMustHold(
  manifest: Pick<ModelsJson, "images" | "models" | "delta">,
): SiteMustHold | undefined {
  const { images, delta } = manifest;
  if (delta === undefined) return undefined;
  const owners = ownersOf(manifest);
  const omitted = new Set(delta.omitted.map(({ path }) => path));
  return {
    base: delta.base,
    images: images
      .filter((image) => omitted.has(imageBlobPaths(image)[0] ?? ""))
      .map(({ reference, configDigest, diffIds }) => ({ reference, configDigest, diffIds })),
    blobs: delta.omitted
      .filter(({ path }) => hexOfBlobPath(path) !== undefined)
      .map(({ sha256, size }) => ({
        sha256,
        size,
        models: owners.get(modelBlobPath(sha256)) ?? [],
      })),
    bytes: delta.omitted.reduce((sum, { size }) => sum + size, 0),
  };
}

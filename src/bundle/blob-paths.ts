import type { BundledImage } from "./models-json.ts";

/** Where a bundle has a model's blob. */
export function modelBlobPath(sha256: string): string {
  return `models/blobs/sha256-${sha256}`;
}

/** Where a bundle has an image's config, manifest or layer, by its digest `sha256:<hex>`. */
export function imageBlobPath(digest: string): string {
  return `image/blobs/${digest.replace(":", "/")}`;
}

/** Everything that makes an image: its config first, then its manifest, then its layers; one that repeats is there again. */
export function imageBlobPaths({
  configDigest,
  manifestDigest,
  diffIds,
}: Pick<BundledImage, "configDigest" | "manifestDigest" | "diffIds">): string[] {
  return [configDigest, manifestDigest, ...diffIds].map(imageBlobPath);
}

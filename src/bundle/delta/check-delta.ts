import { imageBlobPaths, modelBlobPath } from "../blob-paths.ts";
import { hexOfAnyBlobPath } from "../file-paths.ts";
import type { BundledImage, ModelsJson } from "../models-json.ts";

/** What of a delta cannot be, or undefined. That everything named is packed or left out, and nothing both, is known already. */
export function contradictionInDelta(manifest: ModelsJson): string | undefined {
  const { images, models, delta } = manifest;
  if (delta === undefined) return undefined;
  if (delta.omitted.length === 0) return "it is a delta and leaves nothing out";
  const wrong = delta.omitted.find(({ path, sha256 }) => hexOfAnyBlobPath(path) !== sha256);
  if (wrong !== undefined)
    return `"${wrong.path}" is left out, and is no blob with the digest in its name`;
  const named = new Set([
    ...images.flatMap(imageBlobPaths),
    ...models.flatMap(({ blobs }) => blobs.map(modelBlobPath)),
  ]);
  const idle = delta.omitted.find(({ path }) => !named.has(path));
  if (idle !== undefined) return `"${idle.path}" is left out, and nothing needs it`;
  const omitted = new Set(delta.omitted.map(({ path }) => path));
  const half = images.find((image) => isHalf(image, omitted));
  return half && `a part of the image "${half.reference}" is left out`;
}

/** An image that is left out may share layers with one that is not. */
function isHalf(image: BundledImage, omitted: ReadonlySet<string>): boolean {
  const [config = "", manifest = "", ...layers] = imageBlobPaths(image);
  if (omitted.has(config)) return !omitted.has(manifest);
  return [manifest, ...layers].some((path) => omitted.has(path));
}

import { prefixImageName } from "./image-names.ts";
import { type ImageToLoad, bytesToLoad, layersOf } from "./image-to-load.ts";
import { firstLayers } from "./image-with-models.ts";
import { MAX_SPOOLED } from "./load-in-turn.ts";

/** So many bytes of layers take an engine longer to unpack than to be asked once more. */
const LEAST_ADDED = 128 * 1024 * 1024;
const MAX_PREFIXES = 8;

/**
 * The images by which an image is loaded, the last of them the image itself: each has the layers of the one before and some
 * more, which are all that is sent of it. One where the engine takes no image without the layers that it has, or it is small.
 */
export function prefixesOf(image: ImageToLoad, installation: string): readonly ImageToLoad[] {
  const ends = image.takesPart ? prefixEnds(image) : [layersOf(image).length];
  return ends.map((end, index) => {
    const there = ends[index - 1] ?? image.there;
    if (index === ends.length - 1) return { ...image, there };
    return {
      ...image,
      name: prefixImageName(installation, index),
      config: firstLayers(image.config, end),
      baseLayers: image.baseLayers.slice(0, end),
      modelLayers: image.modelLayers.slice(0, Math.max(0, end - image.baseLayers.length)),
      there,
    };
  });
}

/** What an engine that spools what it is sent has of it at a time, in bytes. */
export function largestSpool(image: ImageToLoad): number {
  const sizes = prefixesOf(image, "").map(bytesToLoad);
  const sums = sizes.map((_, index) =>
    sizes.slice(index, index + MAX_SPOOLED).reduce((sum, size) => sum + size, 0),
  );
  return Math.max(...sums);
}

/** Before which of all layers each ends. What is left in the end is too small for one more. */
function prefixEnds(image: ImageToLoad): readonly number[] {
  const layers = layersOf(image);
  const least = Math.max(LEAST_ADDED, bytesToLoad(image) / MAX_PREFIXES);
  const ends: number[] = [];
  let size = 0;
  for (let index = image.there; index < layers.length; index += 1) {
    size += layers[index]?.size ?? 0;
    if (size < least) continue;
    ends.push(index + 1);
    size = 0;
  }
  return [...ends.slice(0, -1), layers.length];
}

import { CHUNK_SIZE } from "../core/chunks/chunk.ts";
import type { LayerFile } from "../core/model-layer.ts";

/** An overlay mount takes 127 layers; the base image and what people build on top need theirs. */
const MAX_LAYERS = 100;
const MAX_GROUPS = 50;

/** What a model has in a store. The same blob has the same path in each. */
export interface ModelFiles<File extends LayerFile> {
  readonly manifest: File;
  readonly blobs: readonly File[];
}

/**
 * The files of each layer in which models are loaded: one layer for each large blob (more than one chunk), so that engines share it
 * between bundles and tags; and one for each model with its manifest and its small blobs, complete in itself, so that a model
 * can be left out. At most 100: the smaller of too many large blobs go with their model, too many models share.
 */
export function layersOf<File extends LayerFile>(models: readonly ModelFiles<File>[]): File[][] {
  const groupSize = Math.max(1, Math.ceil(models.length / MAX_GROUPS));
  const groupCount = Math.ceil(models.length / groupSize);
  const own = ownLayerBlobs(models, MAX_LAYERS - groupCount);
  const layers = own.map((blob) => [blob]);
  const alone = new Set(own.map(({ path }) => path));
  for (let at = 0; at < models.length; at += groupSize)
    layers.push(groupLayer(models.slice(at, at + groupSize), alone));
  return layers;
}

function ownLayerBlobs<File extends LayerFile>(
  models: readonly ModelFiles<File>[],
  most: number,
): File[] {
  const large = blobsOf(models).filter(({ size }) => size > CHUNK_SIZE);
  const bySize = large.toSorted((a, b) => b.size - a.size || byPath(a, b));
  return bySize.slice(0, most).toSorted(byPath);
}

function groupLayer<File extends LayerFile>(
  models: readonly ModelFiles<File>[],
  alone: ReadonlySet<string>,
): File[] {
  const small = blobsOf(models).filter(({ path }) => !alone.has(path));
  return [...small.toSorted(byPath), ...models.map(({ manifest }) => manifest)];
}

/** Each once. */
function blobsOf<File extends LayerFile>(models: readonly ModelFiles<File>[]): File[] {
  return [
    ...new Map(models.flatMap(({ blobs }) => blobs).map((blob) => [blob.path, blob])).values(),
  ];
}

function byPath(a: LayerFile, b: LayerFile): number {
  return a.path < b.path ? -1 : 1;
}

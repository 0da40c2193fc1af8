import type { BundleReader } from "../bundle/bundle-reader.ts";
import type { BundledImage, ModelLayer } from "../bundle/models-json.ts";
import { sha256Hex } from "../core/digest.ts";
import type { WorkOptions } from "../core/progress.ts";
import { type WrittenTarEntry, writeTar } from "../core/tar.ts";
import { checkedBytes, describeModelLayer, modelLayerBytes } from "./checked-bytes.ts";
import { loadedImageName } from "./image-names.ts";
import type { LayersOnTop } from "./layers-there.ts";
import {
  type ArchiveFrame,
  type LayerBlob,
  addLayers,
  archiveFrame,
  blobPath,
} from "./image-with-models.ts";

/** The image that an engine is given: the bundle's, or that with layers of models on top. */
export interface ImageToLoad {
  /** Fully qualified, of our own. */
  readonly name: string;
  readonly platform: string;
  readonly config: Buffer;
  /** The base image's, in order; one that repeats is there again. */
  readonly baseLayers: readonly LayerBlob[];
  readonly modelLayers: readonly ModelLayer[];
  /** How many of all layers, from the base's first on, the engine has and need not be given. */
  readonly there: number;
  /** Whether the engine takes an image without the layers that it has. */
  readonly takesPart: boolean;
}

/** An image that the engine has already, and that gets a name of our own beside. */
export interface ImageToName {
  /** Fully qualified, of our own. */
  readonly name: string;
  readonly platform: string;
  /** One of the names that it has. */
  readonly existing: string;
  readonly diffIds: readonly string[];
}

export function diffIdsOf(image: ImageToLoad | ImageToName): readonly string[] {
  return "existing" in image ? image.diffIds : layersOf(image).map(({ diffId }) => diffId);
}

/** Bytes of layers that the engine is yet to be given. */
export function bytesToLoad(image: ImageToLoad | ImageToName): number {
  return "existing" in image ? 0 : sizeOf(lackedLayers(image));
}

interface ImageContents extends LayersOnTop<ModelLayer> {
  readonly image: BundledImage;
  readonly takesPart: boolean;
}

/** Works out the image; reads no more of the bundle than its config. Without model layers the config's bytes are untouched. */
export async function imageToLoad(
  bundle: BundleReader,
  { image, modelLayers, there, takesPart }: ImageContents,
  options: WorkOptions,
): Promise<ImageToLoad> {
  const { name, platform, files } = bundle.manifest;
  const base = await bundle.bytes(`image/${blobPath(image.configDigest)}`, options);
  const added = modelLayers.map((layer) => ({
    diffId: layer.diffId,
    describedAs: describeModelLayer(layer),
  }));
  const config = added.length === 0 ? base : addLayers(base, added);
  const sizes = new Map(files.map(({ path, size }) => [path, size]));
  return {
    name: loadedImageName(
      { name, id: bundle.id },
      added.length === 0 ? undefined : sha256Hex(config),
    ),
    platform,
    config,
    baseLayers: image.diffIds.map((diffId) => ({
      diffId,
      size: sizes.get(`image/${blobPath(diffId)}`) ?? 0,
    })),
    modelLayers,
    there,
    takesPart,
  };
}

export function layersOf({ baseLayers, modelLayers }: ImageToLoad): LayerBlob[] {
  return [...baseLayers, ...modelLayers.map(({ diffId, size }) => ({ diffId, size }))];
}

/** Bytes of the layers, each once. */
export function layerBytes(image: ImageToLoad): number {
  return sizeOf(layersOf(image));
}

/**
 * The archive for `docker load`: an OCI layout with docker's manifest.json, made on the fly from checked chunks, without the layers
 * that are there. manifest.json, without which Docker's own stores load nothing, comes last, when `hold` has resolved.
 */
export function loadArchive(
  bundle: BundleReader,
  image: ImageToLoad,
  { hold, ...options }: WorkOptions & { readonly hold?: () => Promise<void> },
): AsyncIterable<Uint8Array> {
  const frame = archiveFrame(image.name, image.config, layersOf(image));
  const lacked = new Set(lackedLayers(image).map(({ diffId }) => diffId));
  const isLacked = ({ diffId }: { readonly diffId: string }): boolean => lacked.has(diffId);
  const base = distinct(image.baseLayers.filter(isLacked)).map(({ diffId, size }) => ({
    path: blobPath(diffId),
    size,
    content: checkedBytes(bundle, `image/${blobPath(diffId)}`, options),
  }));
  const models = distinct(image.modelLayers.filter(isLacked)).map((layer) => ({
    path: blobPath(layer.diffId),
    size: layer.size,
    content: modelLayerBytes(bundle, layer, options),
  }));
  const last = {
    path: "manifest.json",
    size: frame.dockerManifest.length,
    content: after(hold, frame.dockerManifest),
  };
  return writeTar([...frameEntries(frame, image.config), ...base, ...models, last]);
}

async function* after(
  hold: (() => Promise<void>) | undefined,
  bytes: Buffer,
): AsyncGenerator<Buffer> {
  await hold?.();
  yield bytes;
}

/** One that is there and comes again further up is another to the engine. */
function lackedLayers(image: ImageToLoad): LayerBlob[] {
  return layersOf(image).slice(image.there);
}

function frameEntries(
  { ociLayout, index, manifest }: ArchiveFrame,
  config: Buffer,
): WrittenTarEntry[] {
  const blob = (bytes: Buffer): WrittenTarEntry => ({
    path: blobPath(`sha256:${sha256Hex(bytes)}`),
    size: bytes.length,
    content: bytes,
  });
  return [
    { path: "oci-layout", size: ociLayout.length, content: ociLayout },
    { path: "index.json", size: index.length, content: index },
    blob(config),
    blob(manifest),
  ];
}

/** Each once. */
function sizeOf(layers: readonly LayerBlob[]): number {
  return distinct(layers).reduce((sum, { size }) => sum + size, 0);
}

function distinct<T extends { readonly diffId: string }>(layers: readonly T[]): T[] {
  return [...new Map(layers.map((layer) => [layer.diffId, layer])).values()];
}

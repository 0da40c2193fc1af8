import { chunkCount, CHUNK_SIZE } from "../core/chunks/chunk.ts";
import { sha256Hex } from "../core/digest.ts";
import { modelLayerSize } from "../core/model-layer.ts";
import { manifestPath, parseModelName } from "../core/model-name.ts";
import { imageBlobPath, imageBlobPaths, modelBlobPath } from "./blob-paths.ts";
import { contradictionInDelta } from "./delta/check-delta.ts";
import { hexOfBlobPath } from "./file-paths.ts";
import { layersOf } from "./layers-of.ts";
import type {
  BundledFile,
  BundledImage,
  BundledModel,
  ModelsJson,
  OmittedFile,
} from "./models-json.ts";
import { ociManifest } from "./oci-manifest.ts";

/** By path: what is in the bundle, and what a delta leaves out. */
type Files = ReadonlyMap<string, OmittedFile>;

/**
 * What of a MODELS.json contradicts the rest of it, or undefined. Everything that can be worked out from the files is, as whoever
 * writes a bundle does it, and compared.
 */
export function contradictionIn(manifest: ModelsJson): string | undefined {
  const { omitted = [] } = manifest.delta ?? {};
  const files = new Map([...omitted, ...manifest.files].map((file) => [file.path, file]));
  return (
    firstOf(manifest.files, contradictionInFile) ??
    missingFile(manifest, files) ??
    repeatedModel(manifest) ??
    firstOf(manifest.models, (model) => contradictionInModel(model, files)) ??
    firstOf(manifest.images, (image) => contradictionInImage(image, files)) ??
    contradictionInLayers(manifest, files) ??
    contradictionInDelta(manifest)
  );
}

function firstOf<T>(
  items: readonly T[],
  check: (item: T) => string | undefined,
): string | undefined {
  for (const item of items) {
    const found = check(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function contradictionInFile({ path, size, sha256, chunks }: BundledFile): string | undefined {
  if ((hexOfBlobPath(path) ?? sha256) !== sha256)
    return `"${path}" has another digest than its name says`;
  if (chunks.length !== chunkCount(size))
    return `"${path}" has ${chunks.length} chunks, and its ${size} bytes make ${chunkCount(size)}`;
  if (chunks.length === 1 && chunks[0]?.sha256 !== sha256)
    return `the one chunk of "${path}" has another digest than the file`;
  if (chunks.some(({ packed }) => packed !== undefined && packed.size > CHUNK_SIZE))
    return `a chunk of "${path}" is larger deflated than stored`;
  return undefined;
}

function missingFile({ images, models }: ModelsJson, files: Files): string | undefined {
  const needed = [
    ...images.flatMap(imageBlobPaths),
    ...models.flatMap((model) => [manifestOf(model), ...model.blobs.map(modelBlobPath)]),
  ];
  const missing = needed.find((path) => !files.has(path));
  return missing === undefined ? undefined : `"${missing}" is named and not among its files`;
}

function repeatedModel({ models }: ModelsJson): string | undefined {
  const names = new Set<string>();
  for (const { name } of models) {
    if (names.has(name)) return `the model "${name}" is there twice`;
    names.add(name);
  }
  return undefined;
}

function contradictionInModel(model: BundledModel, files: Files): string | undefined {
  const { name, digest, size, blobs } = model;
  if (files.get(manifestOf(model))?.sha256 !== digest)
    return `the manifest of "${name}" is not the one with its digest`;
  if (new Set(blobs).size < blobs.length) return `"${name}" has one of its blobs twice`;
  const sizes = blobs.map((blob) => sizeOf(modelBlobPath(blob), files));
  const sum = sizes.reduce((all, each) => all + each, 0);
  // A manifest may name a blob several times, and every time counts.
  const [smallest = Infinity] = sizes.filter((each) => each > 0).toSorted((a, b) => a - b);
  if (size === sum || size - sum >= smallest) return undefined;
  return `the size of "${name}" is ${size}, and its blobs make ${sum}`;
}

function contradictionInImage(
  { reference, configDigest, manifestDigest, diffIds }: BundledImage,
  files: Files,
): string | undefined {
  const described = (digest: string) => ({ digest, size: sizeOf(imageBlobPath(digest), files) });
  const manifest = ociManifest(described(configDigest), diffIds.map(described));
  if (manifestDigest === `sha256:${sha256Hex(manifest)}`) return undefined;
  return `the manifest of "${reference}" is not the one that its config and its layers make`;
}

/** The digest of a layer is left to whoever loads it: it follows from the content of the files. */
function contradictionInLayers(
  { models, modelLayers, delta }: ModelsJson,
  files: Files,
): string | undefined {
  // Their digests need the content of every file.
  if (delta !== undefined)
    return modelLayers.length === 0 ? undefined : "it is a delta and has model layers";
  const inStore = (path: string) => ({
    path: path.slice("models/".length),
    size: sizeOf(path, files),
  });
  const layers = layersOf(
    models.map((model) => ({
      manifest: inStore(manifestOf(model)),
      blobs: model.blobs.map((blob) => inStore(modelBlobPath(blob))),
    })),
  );
  if (layers.length !== modelLayers.length)
    return `it has ${modelLayers.length} model layers, and its models make ${layers.length}`;
  const wrong = layers.findIndex((layer, at) => {
    const stated = modelLayers[at];
    return (
      stated?.size !== modelLayerSize(layer) ||
      stated.paths.length !== layer.length ||
      layer.some(({ path }, index) => stated.paths[index] !== `models/${path}`)
    );
  });
  return wrong < 0 ? undefined : `model layer ${wrong + 1} is not the one that its models make`;
}

function sizeOf(path: string, files: Files): number {
  return files.get(path)?.size ?? 0;
}

function manifestOf({ name }: BundledModel): string {
  return `models/${manifestPath(parseModelName(name))}`;
}

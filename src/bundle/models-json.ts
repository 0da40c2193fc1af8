import { z } from "zod";
import { CHUNK_SIZE } from "../core/chunks/chunk.ts";
import { jsonListLength, writeJsonList } from "../core/json-list.ts";
import {
  digestShape,
  hexShape,
  imageReferenceShape,
  listOf,
  modelNameShape,
  platformShape,
  sizeShape,
} from "./shapes.ts";

/** The major version of the format: a reader refuses any other. */
export const SCHEMA_VERSION = 1;

/** Caps of FORMAT.md: what a reader takes from a file whose bytes may be hostile. */
export const MAX_FILES = 100_000;
export const MAX_MODELS_JSON_SIZE = 64 * 1024 * 1024;

export const BUNDLE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const crc32 = z.int().min(0).max(0xffffffff);

const chunk = z.object({
  sha256: hexShape,
  crc32,
  /** There when the chunk is deflated: bytes and CRC-32 of its deflate stream. */
  packed: z.object({ size: sizeShape, crc32 }).optional(),
});

const file = z.object({
  path: z.string(),
  size: sizeShape,
  sha256: hexShape,
  chunks: listOf(chunk),
});

const image = z.object({
  reference: imageReferenceShape,
  role: z.enum(["ollama", "extra"]),
  /** What the reference was resolved to at its source, where the source says. */
  sourceDigest: digestShape.optional(),
  configDigest: digestShape,
  /** Of the OCI manifest in this bundle. */
  manifestDigest: digestShape,
  diffIds: listOf(digestShape),
  ollamaVersion: z.string().max(64).optional(),
});

const model = z.object({
  name: modelNameShape,
  /** sha256 of the manifest file: what Ollama's /api/tags reports. */
  digest: hexShape,
  /** Bytes: the sum that the manifest states, as /api/tags reports it. */
  size: sizeShape,
  family: z.string().optional(),
  parameterSize: z.string().optional(),
  quantization: z.string().optional(),
  contextLength: z.int().optional(),
  capabilities: listOf(z.string()),
  /** The oldest Ollama that runs it, where the model says. */
  requires: z.string().optional(),
  /** The first line of each licence; the texts are the blobs that the manifest names. */
  licenses: listOf(z.string()),
  /** sha256 of every blob that the manifest names, each once. */
  blobs: listOf(hexShape),
});

/** An image layer that holds model files, as `install --models-in image` loads it. `paths` are paths of `files`. */
const modelLayer = z.object({ diffId: digestShape, size: sizeShape, paths: listOf(z.string()) });

/** A file that an earlier bundle brought: its path as `files` would have it. */
const omittedFile = z.object({ path: z.string(), size: sizeShape, sha256: hexShape });

/** Of a bundle that relies on what the site has already. */
const delta = z.object({
  /** What it was told that the site has: by earlier bundles, and by the site file with this sha256. */
  base: z.object({
    bundles: listOf(z.object({ name: z.string().regex(BUNDLE_NAME), id: hexShape })),
    site: hexShape.optional(),
  }),
  /** What the site must hold. Images whole or not at all, models blob by blob. */
  omitted: listOf(omittedFile, MAX_FILES),
});

/** The shape alone: `decodeModelsJson` checks what else must hold. */
export const modelsJsonShape = z.object({
  schemaVersion: z.int(),
  name: z.string().regex(BUNDLE_NAME),
  tool: z.object({ name: z.string(), version: z.string() }),
  platform: platformShape,
  chunkSize: z.literal(CHUNK_SIZE),
  /** The modification time of every entry, in seconds since 1970. */
  mtime: z.int().min(0).max(0o77777777777),
  images: listOf(image),
  models: listOf(model),
  modelLayers: listOf(modelLayer),
  files: listOf(file, MAX_FILES),
  delta: delta.optional(),
});

export type ModelsJson = z.infer<typeof modelsJsonShape>;
export type BundledFile = z.infer<typeof file>;
export type BundledImage = z.infer<typeof image>;
export type BundledModel = z.infer<typeof model>;
export type OmittedFile = z.infer<typeof omittedFile>;
export type Delta = z.infer<typeof delta>;
export type ModelLayer = z.infer<typeof modelLayer>;

/** The bytes of MODELS.json: one line per top-level array element would be no use to a machine, so it is compact. */
export function encodeModelsJson({ files, delta, ...head }: ModelsJson): Buffer {
  const text = {
    before: `${JSON.stringify(head).slice(0, -"}".length)},"files":[`,
    items: () => files,
    separator: ",",
    after: `]${delta === undefined ? "" : `,"delta":${JSON.stringify(delta)}`}}\n`,
  };
  const bytes = Buffer.alloc(jsonListLength(text));
  writeJsonList(text, bytes);
  return bytes;
}

import { z } from "zod";
import { CHUNK_SIZE } from "../core/chunks/chunk.ts";
import { BundleError, messageOf } from "../core/errors.ts";
import { contradictionIn } from "./check-models-json.ts";
import { checkFilePaths } from "./file-paths.ts";
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

/**
 * Bytes of MODELS.json for each value in it, at least: a deflated chunk of a large file has about 23, and nothing has fewer.
 * Of `[0,0,…]` a parser makes ten times the memory.
 */
const LEAST_BYTES_PER_VALUE = 20;

/** A bundle of nothing has some too. */
const SOME_VALUES = 1000;
const [COMMA, BRACKET, BRACE] = Buffer.from(",[{");

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

const modelsJson = z.object({
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

export type ModelsJson = z.infer<typeof modelsJson>;
export type BundledFile = z.infer<typeof file>;
export type BundledImage = z.infer<typeof image>;
export type BundledModel = z.infer<typeof model>;
export type OmittedFile = z.infer<typeof omittedFile>;
export type Delta = z.infer<typeof delta>;
export type ModelLayer = z.infer<typeof modelLayer>;

/** The bytes of MODELS.json: one line per top-level array element would be no use to a machine, so it is compact. */
export function encodeModelsJson(value: ModelsJson): Buffer {
  const text = JSON.stringify(value);
  // Not text + "\n", which would be the whole text once more.
  const bytes = Buffer.alloc(Buffer.byteLength(text) + 1, "\n");
  bytes.write(text);
  return bytes;
}

/**
 * Reads MODELS.json as FORMAT.md describes it. Fields that this version does not know are left aside. Throws
 * {@link BundleError} for an unknown major version, a wrong shape, paths that may not be, and numbers that do not add up.
 */
export function decodeModelsJson(bytes: Buffer): ModelsJson {
  const raw = parseJson(bytes);
  checkSchemaVersion(raw);
  const parsed = modelsJson.safeParse(raw);
  if (!parsed.success)
    throw notAcceptable(z.prettifyError(parsed.error).split("\n").slice(0, 4).join(" "));
  const { files, delta: { omitted = [] } = {} } = parsed.data;
  checkFilePaths([...files, ...omitted].map(({ path }) => path));
  const contradiction = contradictionIn(parsed.data);
  if (contradiction !== undefined) throw notAcceptable(contradiction);
  return parsed.data;
}

function parseJson(bytes: Buffer): unknown {
  if (countValues(bytes) > bytes.length / LEAST_BYTES_PER_VALUE + SOME_VALUES)
    throw notAcceptable("it has more values than a bundle has use for");
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw notAcceptable(messageOf(error));
  }
}

/** About as many as a parser would make: every value but the first in its object or list follows one of these. */
function countValues(bytes: Buffer): number {
  let count = 0;
  for (const byte of bytes) if (byte === COMMA || byte === BRACKET || byte === BRACE) count += 1;
  return count;
}

function checkSchemaVersion(raw: unknown): void {
  const head = z
    .object({ schemaVersion: z.int(), tool: z.object({ version: z.string().max(64) }).optional() })
    .safeParse(raw);
  if (!head.success || head.data.schemaVersion === SCHEMA_VERSION) return;
  const { schemaVersion, tool } = head.data;
  throw new BundleError(
    "NEWER_FORMAT",
    `Cannot read this bundle: its format is version ${schemaVersion}, and this ollama-bundle reads version ${SCHEMA_VERSION}`,
    {
      hint: `Use the ollama-bundle that wrote it${tool === undefined ? "" : `, version ${tool.version}`}, or a newer one.`,
    },
  );
}

function notAcceptable(what: string): BundleError {
  return new BundleError("DAMAGED", `MODELS.json is not acceptable: ${what}`, {
    hint: "Copy the bundle again; if that does not help, create it again.",
  });
}

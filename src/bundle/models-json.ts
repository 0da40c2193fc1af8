import { z } from "zod";
import { CHUNK_SIZE } from "../core/chunks/chunk.ts";
import { BundleError, DefinitionError, messageOf } from "../core/errors.ts";
import { fullImageReference, parseImageReference } from "../core/image-reference.ts";
import { fullModelName, parseModelName } from "../core/model-name.ts";
import { contradictionIn } from "./check-models-json.ts";
import { checkFilePaths } from "./file-paths.ts";

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

const hex = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 lower-case hex digits");
const digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, "expected sha256: and 64 lower-case hex digits");
const size = z.int().nonnegative();
const crc32 = z.int().min(0).max(0xffffffff);

const chunk = z.object({
  sha256: hex,
  crc32,
  /** There when the chunk is deflated: bytes and CRC-32 of its deflate stream. */
  packed: z.object({ size, crc32 }).optional(),
});

const file = z.object({
  path: z.string(),
  size,
  sha256: hex,
  chunks: listOf(chunk),
});

const image = z.object({
  /** Fully qualified: `docker.io/ollama/ollama:0.24.0`. */
  reference: z
    .string()
    .max(1024)
    .refine(isFullImageReference, "expected an image reference in full"),
  role: z.enum(["ollama", "extra"]),
  /** What the reference was resolved to at its source, where the source says. */
  sourceDigest: digest.optional(),
  configDigest: digest,
  /** Of the OCI manifest in this bundle. */
  manifestDigest: digest,
  diffIds: listOf(digest),
  ollamaVersion: z.string().max(64).optional(),
});

const model = z.object({
  /** With host, namespace and tag: `registry.ollama.ai/library/gemma:2b`. */
  name: z.string().max(600).refine(isFullModelName, "expected a model name in full"),
  /** sha256 of the manifest file: what Ollama's /api/tags reports. */
  digest: hex,
  /** Bytes: the sum that the manifest states, as /api/tags reports it. */
  size,
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
  blobs: listOf(hex),
});

/** An image layer that holds model files, as `install --models-in image` loads it. `paths` are paths of `files`. */
const modelLayer = z.object({ diffId: digest, size, paths: listOf(z.string()) });

const modelsJson = z.object({
  schemaVersion: z.int(),
  name: z.string().regex(BUNDLE_NAME),
  tool: z.object({ name: z.string(), version: z.string() }),
  platform: z.string().regex(/^[a-z0-9]+\/[a-z0-9]+(\/[a-z0-9]+)?$/),
  chunkSize: z.literal(CHUNK_SIZE),
  /** The modification time of every entry, in seconds since 1970. */
  mtime: z.int().min(0).max(0o77777777777),
  images: listOf(image),
  models: listOf(model),
  modelLayers: listOf(modelLayer),
  files: listOf(file, MAX_FILES),
});

export type ModelsJson = z.infer<typeof modelsJson>;
export type BundledFile = z.infer<typeof file>;
export type BundledImage = z.infer<typeof image>;
export type BundledModel = z.infer<typeof model>;
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
  checkFilePaths(parsed.data.files.map(({ path }) => path));
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

/** A list that is read up to the first item that is wrong: what zod says of each of millions would fill the memory. */
function listOf<T extends z.ZodType>(item: T, most = Infinity) {
  return z
    .array(z.unknown())
    .max(most)
    .transform((items, context): z.infer<T>[] => {
      const read: z.infer<T>[] = [];
      for (const [index, each] of items.entries()) {
        const { data, error } = item.safeParse(each);
        if (error !== undefined) {
          for (const { message, path } of error.issues)
            context.addIssue({ code: "custom", message, path: [index, ...path] });
          return z.NEVER;
        }
        read.push(data);
      }
      return read;
    });
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

/** In full, as {@link fullModelName} writes it. */
function isFullModelName(text: string): boolean {
  return isSame(text, () => fullModelName(parseModelName(text)));
}

function isFullImageReference(text: string): boolean {
  return isSame(text, () => fullImageReference(parseImageReference(text)));
}

function isSame(text: string, inFull: () => string): boolean {
  try {
    return inFull() === text;
  } catch (error) {
    if (error instanceof DefinitionError) return false;
    throw error;
  }
}

function notAcceptable(what: string): BundleError {
  return new BundleError("DAMAGED", `MODELS.json is not acceptable: ${what}`, {
    hint: "Copy the bundle again; if that does not help, create it again.",
  });
}

import { type FileHandle, open } from "node:fs/promises";
import { BundleError, hasCode } from "../core/errors.ts";
import { readSmallFile } from "../core/read-small-file.ts";
import { BundleReader } from "./bundle-reader.ts";
import { decodeModelsJson } from "./decode-models-json.ts";
import { findBundle } from "./find-bundle.ts";
import type { EarlierBundle } from "./delta/held.ts";
import { layoutOf } from "./layout.ts";
import { MAX_MODELS_JSON_SIZE } from "./models-json.ts";
import { PARTS_JSON_SUFFIX } from "./parts/part-names.ts";

/**
 * What an earlier bundle was, by its end, or by the MODELS.json that was taken out of it; its content is not read. Throws
 * {@link BundleError} for what is neither, and {@link DefinitionError} where nothing is there.
 */
export async function readEarlierBundle(path: string): Promise<EarlierBundle> {
  if (await isModelsJson(path)) return await readModelsJson(path);
  await using reader = await BundleReader.open(await findBundle(path));
  return { id: reader.id, manifest: reader.manifest };
}

async function readModelsJson(path: string): Promise<EarlierBundle> {
  const bytes = await readSmallFile(path, MAX_MODELS_JSON_SIZE);
  if (bytes.length > MAX_MODELS_JSON_SIZE)
    throw notReadable(path, "it is too large for a MODELS.json");
  try {
    const manifest = decodeModelsJson(bytes);
    return { id: layoutOf(manifest, bytes).id, manifest };
  } catch (error) {
    throw error instanceof BundleError ? notReadable(path, error.message, error) : error;
  }
}

/** By its first byte: a bundle has that of gzip there, and other places are found by their names. */
async function isModelsJson(path: string): Promise<boolean> {
  if (path.endsWith(PARTS_JSON_SUFFIX)) return false;
  await using file = await openIfFile(path);
  if (file === undefined || !(await file.stat()).isFile()) return false;
  const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, 0);
  return bytesRead === 1 && buffer.toString() === "{";
}

async function openIfFile(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path);
  } catch (error) {
    if (hasCode(error, "ENOENT", "EISDIR", "EACCES", "ENOTDIR")) return undefined;
    throw error;
  }
}

function notReadable(path: string, why: string, cause?: BundleError): BundleError {
  return new BundleError(cause?.code ?? "DAMAGED", `Cannot use "${path}": ${why}`, {
    cause,
    hint: "Name a bundle that was carried to the site, or its MODELS.json as it was in there.",
  });
}

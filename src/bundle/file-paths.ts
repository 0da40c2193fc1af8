import { BundleError } from "../core/errors.ts";
import { type ModelName, isValidModelName } from "../core/model-name.ts";

const SINGLE_FILES = ["README.txt", "Dockerfile.models", ".dockerignore", "MODELS.txt"];
const IMAGE_FILE = /^image\/(oci-layout|index\.json|manifest\.json|blobs\/sha256\/[0-9a-f]{64})$/;
const IMAGE_BLOB = /^image\/blobs\/sha256\/([0-9a-f]{64})$/;
const MODEL_BLOB = /^models\/blobs\/sha256-([0-9a-f]{64})$/;
/** What later versions add: verified, reported and left alone by this one. */
const RESERVED =
  /^(install\.sh|install\.ps1|report\.html|(compose|files|bin|sbom)(\/[A-Za-z0-9_][A-Za-z0-9._-]{0,99}){1,8})$/;

const WINDOWS_DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i;

/**
 * The one place that decides which paths a bundle may hold. Paths are relative to the bundle's name; each is one of the exact
 * forms of FORMAT.md, no two are equal or differ only in case. Throws {@link BundleError}.
 */
export function checkFilePaths(paths: readonly string[]): void {
  const seen = new Set<string>();
  for (const path of paths) {
    if (!isKnownPath(path) && !isReservedPath(path))
      throw refused(path, "is not a path that a bundle may hold");
    const folded = path.toLowerCase();
    if (seen.has(folded))
      throw refused(path, "is there twice, or differs from another path only in case");
    seen.add(folded);
  }
}

/** A path that this version does not know and leaves alone. */
export function isReservedPath(path: string): boolean {
  return (
    RESERVED.test(path) &&
    !path.split("/").some((segment) => WINDOWS_DEVICE.test(segment) || segment.endsWith("."))
  );
}

function isKnownPath(path: string): boolean {
  return (
    SINGLE_FILES.includes(path) ||
    IMAGE_FILE.test(path) ||
    MODEL_BLOB.test(path) ||
    modelOfManifestPath(path) !== undefined
  );
}

/** The sha256 of a path `models/blobs/sha256-<hex>`, or undefined. */
export function hexOfBlobPath(path: string): string | undefined {
  return MODEL_BLOB.exec(path)?.[1];
}

/** The sha256 of a path of a blob of models or images, or undefined. */
export function hexOfAnyBlobPath(path: string): string | undefined {
  return hexOfBlobPath(path) ?? IMAGE_BLOB.exec(path)?.[1];
}

/** The model of a path `models/manifests/<host>/<namespace>/<model>/<tag>`, or undefined. */
export function modelOfManifestPath(path: string): ModelName | undefined {
  const [models, manifests, host = "", namespace = "", model = "", tag = "", ...more] =
    path.split("/");
  if (models !== "models" || manifests !== "manifests" || more.length > 0) return undefined;
  const name = { host, namespace, model, tag };
  return isValidModelName(name) ? name : undefined;
}

function refused(path: string, why: string): BundleError {
  return new BundleError(
    "DAMAGED",
    `MODELS.json is not acceptable: ${JSON.stringify(path.slice(0, 300))} ${why}`,
  );
}

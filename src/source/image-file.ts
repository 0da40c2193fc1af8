import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { DefinitionError, HostError, SourceError, hasCode, messageOf } from "../core/errors.ts";
import { fullImageReference, parseImageReference } from "../core/image-reference.ts";

export const FILE_HINT = "Make it again, with `skopeo copy` or `docker save`.";

/** Runs what reads a path of the user's. Throws {@link SourceError} or {@link HostError} that names the path. */
export async function readingImageFile<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (hasCode(error, "EACCES", "EPERM"))
      throw new HostError("NO_RIGHTS", `Cannot read "${path}": ${messageOf(error)}`, {
        cause: error,
      });
    if (!hasCode(error, "ENOENT", "ENOTDIR", "EISDIR")) throw error;
    throw new SourceError("INCOMPLETE", `Cannot read "${path}": ${messageOf(error)}`, {
      cause: error,
      hint: FILE_HINT,
    });
  }
}

/** Throws {@link SourceError} `NOT_FOUND` where there is nothing at the path, or something else. */
export async function expectAt(path: string, kind: "file" | "directory"): Promise<void> {
  const stats = await stat(path).catch((error: unknown) => {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  });
  const isThere = kind === "file" ? stats?.isFile() : stats?.isDirectory();
  if (isThere === true) return;
  const found = stats === undefined ? "there is nothing" : `it is no ${kind}`;
  throw new SourceError("NOT_FOUND", `Cannot take an image from "${path}": ${found}`, {
    hint: "Check the path. docker-archive and oci-archive name a file, and oci a directory.",
  });
}

/** A name that the file has for an image in full; undefined for a bare tag, and for what is none. */
export function fullNameIn(name: string | undefined): string | undefined {
  if (name === undefined || !/[/:@]/.test(name)) return undefined;
  try {
    return fullImageReference(parseImageReference(name));
  } catch (error) {
    if (error instanceof DefinitionError) return undefined;
    throw error;
  }
}

/** The name of an image whose file has none for it, made from that of the file, as podman does: `localhost/ollama:latest`. */
export function nameAfterFile(path: string, tag = "latest"): string {
  const stem = basename(path).replace(/(?:\.tar)?(?:\.t?gz|\.zst)?$/i, "");
  const repository = stem
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
  return fullNameIn(`localhost/${repository || "image"}:${tag}`) ?? "localhost/image:latest";
}

import { posix } from "node:path";
import { isSha256Hex } from "../core/digest.ts";
import type { ReadTarEntry } from "../core/tar.ts";

/** More than any image archive has. */
export const MAX_ENTRIES = 10_000;

/** A symbolic link is relative to its directory, a hard link to the top. */
export function targetOf(path: string, { type, linkName = "" }: ReadTarEntry): string {
  return posix.normalize(type === "symlink" ? posix.join(posix.dirname(path), linkName) : linkName);
}

/** A blob of an OCI layout, and a config of the legacy one, is named by its sha256; a legacy layer's directory is not. */
export function digestInName(path: string): string | undefined {
  const hex = /^(?:blobs\/sha256\/(?<blob>[^/]+)|(?<config>[^/]+)\.json)$/.exec(path)?.groups;
  const digest = hex?.["blob"] ?? hex?.["config"] ?? "";
  return isSha256Hex(digest) ? digest : undefined;
}

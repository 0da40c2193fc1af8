import { CHUNK_SIZE } from "../core/chunks/chunk.ts";
import { sha256Hex } from "../core/digest.ts";
import type { StagedFile } from "../staging/staged-file.ts";

/** A file to be packed: its path relative to the bundle's name, its proven digests, and where its bytes are. */
export interface PackEntry {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
  /** The sha256 of each chunk, in order. */
  readonly chunks: readonly string[];
  readonly seals?: StagedFile["seals"];
  /** A file on this machine, or the bytes themselves. */
  readonly from: string | Buffer;
}

/** A staged file under its path in the bundle. */
export function stagedEntry(
  path: string,
  { path: from, size, sha256, chunks, seals }: StagedFile,
): PackEntry {
  return { path, size, sha256, chunks, seals, from };
}

/** A small file made here. */
export function bytesEntry(path: string, bytes: Buffer): PackEntry {
  const chunks: string[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_SIZE)
    chunks.push(sha256Hex(bytes.subarray(at, at + CHUNK_SIZE)));
  return { path, size: bytes.length, sha256: sha256Hex(bytes), chunks, from: bytes };
}

import { crc32 } from "node:zlib";
import { CHUNK_SIZE, type ChunkDigest } from "../core/chunks/chunk.ts";
import { sha256Hex } from "../core/digest.ts";
import type { StagedFile } from "../staging/staged-file.ts";

/** A file to be packed: its path relative to the bundle's name, its proven digests, and where its bytes are. */
export interface PackEntry {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
  readonly chunks: readonly ChunkDigest[];
  /** A file on this machine, or the bytes themselves. */
  readonly from: string | Buffer;
}

/** A staged file under its path in the bundle. */
export function stagedEntry(
  path: string,
  { path: from, size, sha256, chunks }: StagedFile,
): PackEntry {
  return { path, size, sha256, chunks, from };
}

/** A small file made here. */
export function bytesEntry(path: string, bytes: Buffer): PackEntry {
  const chunks: ChunkDigest[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_SIZE) {
    const content = bytes.subarray(at, at + CHUNK_SIZE);
    chunks.push({ sha256: sha256Hex(content), crc32: crc32(content) });
  }
  return { path, size: bytes.length, sha256: sha256Hex(bytes), chunks, from: bytes };
}

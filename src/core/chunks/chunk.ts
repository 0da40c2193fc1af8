/** Bytes of content per chunk: the unit of packing, checking, installing and repairing. The last chunk of a file is shorter. */
export const CHUNK_SIZE = 8 * 1024 * 1024;

/** sha256 (hex) and CRC-32 of one chunk's content. */
export interface ChunkDigest {
  readonly sha256: string;
  readonly crc32: number;
}

/** A chunk as a bundle holds it: `packed` is there when it is deflated, and missing when it is stored. */
export interface PackedChunk extends ChunkDigest {
  readonly packed?: { readonly size: number; readonly crc32: number } | undefined;
}

/** Bytes of one file on disk. */
export interface Extent {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

export function chunkCount(fileSize: number): number {
  return Math.ceil(fileSize / CHUNK_SIZE);
}

/** Bytes of content in chunk number `index` (from 0) of a file. */
export function chunkSizeAt(fileSize: number, index: number): number {
  return Math.min(CHUNK_SIZE, fileSize - index * CHUNK_SIZE);
}

/** Bytes of content per chunk: the unit of packing, checking, installing and repairing. The last chunk of a file is shorter. */
export const CHUNK_SIZE = 8 * 1024 * 1024;

/** A chunk as a bundle holds it: `packed` is there when it is deflated, and missing when it is stored. */
export interface PackedChunk {
  /** Of its content, 64 hex digits. */
  readonly sha256: string;
  /** Of its content: what its gzip member ends with. */
  readonly crc32: number;
  readonly packed?: { readonly size: number; readonly crc32: number } | undefined;
}

/** The path of an extent that no file has: of a part that is not here. */
export const ABSENT = "";

/** Bytes of one file on disk. */
export interface Extent {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

/** Bytes `offset` to `offset + length` of what the extents are one after another. */
export function sliceExtents(
  extents: readonly Extent[],
  offset: number,
  length: number,
): readonly Extent[] {
  const slices: Extent[] = [];
  let at = 0;
  for (const extent of extents) {
    const start = Math.max(offset, at);
    const end = Math.min(offset + length, at + extent.length);
    if (start < end)
      slices.push({
        path: extent.path,
        offset: extent.offset + start - at,
        length: end - start,
      });
    at += extent.length;
  }
  return slices;
}

export function chunkCount(fileSize: number): number {
  return Math.ceil(fileSize / CHUNK_SIZE);
}

/** Bytes of content in chunk number `index` (from 0) of a file. */
export function chunkSizeAt(fileSize: number, index: number): number {
  return Math.min(CHUNK_SIZE, fileSize - index * CHUNK_SIZE);
}

import type { Seal } from "../core/chunks/seal.ts";

/** The seals of a content's chunks, in order, and their key (hex). */
export interface Seals {
  readonly key: string;
  readonly ofChunks: readonly Seal[];
}

/**
 * A file whose content was hashed: what a source hands over and the packer reads. It lies in the staging volume, or in place
 * in a store of the user's.
 */
export interface StagedFile {
  /** Absolute path on this machine. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** sha256 of the content, hex. */
  readonly sha256: string;
  /** The sha256 of each chunk, in order. */
  readonly chunks: readonly string[];
  /** Of content that was hashed chunk by chunk: what proves them without hashing them again. */
  readonly seals?: Seals | undefined;
  /** The diff_id (hex) of the image layer that holds this blob alone; for blobs of models with more than one chunk. */
  readonly layerDiffId?: string | undefined;
}

import type { ContentPiece } from "../bundle/content-piece.ts";
import { hexOfBlobPath } from "../bundle/file-paths.ts";
import type { ChunkPool, SequentialHash } from "../core/chunks/pool.ts";
import { BundleError } from "../core/errors.ts";

/**
 * The sha256 of a whole blob, computed while it is written into a store. Chunk digests vouch for the bytes, this for the name:
 * Ollama trusts it and never looks again.
 */
export class BlobHash {
  readonly #path: string;
  readonly #hash: SequentialHash;

  constructor(path: string, pool: ChunkPool) {
    this.#path = path;
    this.#hash = pool.sequentialHash();
  }

  /** The piece's bytes may be given back when this resolves. */
  async update({ runs }: ContentPiece): Promise<void> {
    await this.#hash.updateRuns(runs);
  }

  /** Throws {@link BundleError} where the content is not what the blob's name says. */
  async check(): Promise<void> {
    const sha256 = await this.#hash.digest();
    if (sha256 === hexOfBlobPath(this.#path)) return;
    throw new BundleError(
      "DAMAGED",
      `Cannot install "${this.#path}": its content has the sha256 ${sha256}`,
      {
        hint: "The bundle contradicts itself. Create it again, and take it from someone you trust.",
      },
    );
  }
}

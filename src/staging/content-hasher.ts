import { CHUNK_SIZE } from "../core/chunks/chunk.ts";
import type { ChunkPool, Lease, SequentialHash } from "../core/chunks/pool.ts";
import { type Seal, type SealPlace, newSealKey } from "../core/chunks/seal.ts";
import type { DigestedChunk } from "../core/chunks/tasks.ts";
import { sha256Hex } from "../core/digest.ts";
import { modelLayerFrame } from "../core/model-layer.ts";
import { thrownLater } from "../core/thrown-later.ts";
import type { Seals } from "./staged-file.ts";

export interface HashedContent {
  readonly sha256: string;
  /** The sha256 of each chunk, in order. */
  readonly chunks: readonly string[];
  readonly seals?: Seals | undefined;
  readonly layerDiffId?: string | undefined;
}

/** What is to be hashed, as far as it is known before; a stream's size is not. */
export interface HashPlan {
  readonly size?: number | undefined;
  /** Set for a model's blob, whose image layer is to be hashed too. */
  readonly layerOf?: { readonly sha256: string; readonly size: number } | undefined;
}

/**
 * The digests of a file, computed in one pass: chunks in any order and at once, the file and its image layer as the chunks'
 * front advances.
 */
export class ContentHasher {
  readonly #chunks: string[] = [];
  readonly #seals = { key: newSealKey(), ofChunks: [] as Seal[] };
  readonly #whole: SequentialHash | undefined;
  readonly #layer: { readonly hash: SequentialHash; readonly end: Buffer } | undefined;
  #front: Promise<unknown> = Promise.resolve();

  constructor(pool: ChunkPool, { size = Infinity, layerOf }: HashPlan) {
    if (size > CHUNK_SIZE) this.#whole = pool.sequentialHash();
    if (layerOf === undefined || layerOf.size <= CHUNK_SIZE) return;
    const { before, end } = modelLayerFrame([
      { path: `blobs/sha256-${layerOf.sha256}`, size: layerOf.size },
    ]);
    this.#layer = { hash: pool.sequentialHash(), end };
    this.#front = thrownLater(this.#layer.hash.updateBytes(before(0)));
  }

  /** What chunk number `index` is to be sealed with. */
  sealPlace(index: number): SealPlace {
    return { key: this.#seals.key, index };
  }

  /**
   * Takes the next chunk. Calls are in the chunks' order, and need not wait for one another. Resolves as soon as the lease is
   * of no more use here, which is after all chunks before it came in.
   */
  async add(lease: Lease, digested: Promise<DigestedChunk>): Promise<void> {
    const inTurn = Promise.all([digested, this.#front]).then(([chunk]) => ({
      hashed: this.#hash(lease, chunk),
    }));
    this.#front = inTurn;
    inTurn.catch(() => {});
    await (
      await inTurn
    ).hashed;
  }

  async finish(): Promise<HashedContent> {
    await this.#front;
    const sha256 =
      this.#whole === undefined ? (this.#chunks[0] ?? sha256Hex("")) : await this.#whole.digest();
    const hashed = { sha256, chunks: this.#chunks, seals: this.#seals };
    if (this.#layer === undefined) return hashed;
    await this.#layer.hash.updateBytes(this.#layer.end);
    return { ...hashed, layerDiffId: await this.#layer.hash.digest() };
  }

  async #hash(lease: Lease, { sha256, seal, length }: DigestedChunk): Promise<void> {
    this.#chunks.push(sha256);
    this.#seals.ofChunks.push(seal);
    await Promise.all([
      this.#whole?.update(lease, 0, length),
      this.#layer?.hash.update(lease, 0, length),
    ]);
  }
}

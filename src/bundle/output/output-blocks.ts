import { copyBytes } from "../../core/copy-bytes.ts";
import { pageAlignedBuffer } from "../../core/page-aligned-buffer.ts";
import { thrownLater } from "../../core/thrown-later.ts";

/** Bytes of a block: large enough for a disk, which gets one or two at a time. */
const BLOCK_SIZE = 4 * 1024 * 1024;
/** One is filled while one is written and one is hashed. */
const BLOCK_COUNT = 3;

interface Block {
  readonly bytes: Buffer<SharedArrayBuffer>;
  isFree: Promise<void>;
}

/** What is done with the bytes of a block, which are used again when it resolves. */
type Pass = (bytes: Buffer<SharedArrayBuffer>) => Promise<void>;

/**
 * Gathers bytes in blocks of memory that workers share and that can be written past the page cache, and passes each on when it
 * is full, without waiting for the one before. A block is used again when what was done with it has ended, so that no more
 * bytes are on their way than there are blocks.
 */
export class OutputBlocks {
  /** In the order in which they are used again; the first is the one that is being filled. */
  readonly #blocks: Block[];
  #length = 0;

  constructor() {
    this.#blocks = Array.from({ length: BLOCK_COUNT }, () => ({
      bytes: pageAlignedBuffer(BLOCK_SIZE),
      isFree: Promise.resolve(),
    }));
  }

  /** Copies the bytes. Throws what `pass` threw for an earlier block. */
  async add(bytes: Uint8Array, pass: Pass): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const [block] = this.#blocks;
      await block?.isFree;
      const piece = bytes.subarray(done, done + BLOCK_SIZE - this.#length);
      if (block !== undefined) copyBytes(block.bytes, piece, this.#length);
      done += piece.length;
      this.#length += piece.length;
      if (this.#length === BLOCK_SIZE) this.#passOn(pass);
    }
  }

  /** Passes on what is still here, and waits for everything that was passed on. */
  async flush(pass: Pass): Promise<void> {
    if (this.#length > 0) this.#passOn(pass);
    for (const { isFree } of this.#blocks) await isFree;
  }

  #passOn(pass: Pass): void {
    const block = this.#blocks.shift();
    if (block === undefined) return;
    block.isFree = thrownLater(pass(block.bytes.subarray(0, this.#length)));
    this.#blocks.push(block);
    this.#length = 0;
  }
}

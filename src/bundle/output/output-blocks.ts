import { copyBytes } from "../../core/copy-bytes.ts";
import type { LeasedBytes } from "../../core/chunks/pool.ts";
import { PAGE_SIZE, pageAlignedBuffer } from "../../core/page-aligned-buffer.ts";
import { thrownLater } from "../../core/thrown-later.ts";

/** Bytes of a block: large enough for a disk, which gets one or two at a time. */
const BLOCK_SIZE = 4 * 1024 * 1024;
/** One is filled while one is written and one is hashed. */
const BLOCK_COUNT = 3;
/** Leases on their way at a time: one is written while one is hashed. Of the pool's six, four are left to be packed. */
const LEASE_COUNT = 2;

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
 *
 * A leased buffer is such memory too, and no less than a block at a time is passed on where it lies, two at the most: only the few
 * bytes of the pages that it shares with what comes before and after are moved.
 */
export class OutputBlocks {
  /** In the order in which they are used again; the first is the one that is being filled. */
  readonly #blocks: Block[];
  /** Until leases are given back. */
  readonly #leases: Promise<void>[] = [];
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

  /**
   * Takes over leased bytes. They are passed on from where they lie if they would fill a block and begin as far into a page of memory
   * as what is gathered ends; what is before them in that page is written over. Else they are copied. Throws what `pass` threw for
   * an earlier block.
   */
  async take(leased: LeasedBytes, pass: Pass): Promise<void> {
    using owned = new DisposableStack();
    const { bytes } = owned.use(leased);
    const inPage = this.#length % PAGE_SIZE;
    if (bytes.length < BLOCK_SIZE || bytes.byteOffset % PAGE_SIZE !== inPage)
      return await this.add(bytes, pass);
    if (this.#leases.length === LEASE_COUNT) await this.#leases.shift();
    const pages = Buffer.from(bytes.buffer, bytes.byteOffset - inPage, inPage + bytes.length);
    await this.#moveEnd(inPage, pages, pass);
    const whole = pages.length - (pages.length % PAGE_SIZE);
    await this.add(pages.subarray(whole), pass);
    const held = owned.move();
    this.#leases.push(
      thrownLater(pass(pages.subarray(0, whole)).finally(() => held[Symbol.dispose]())),
    );
  }

  /** Passes on what is still here, and waits for everything that was passed on. */
  async flush(pass: Pass): Promise<void> {
    if (this.#length > 0) this.#passOn(pass);
    for (const { isFree } of this.#blocks) await isFree;
    for (const end of this.#leases.splice(0)) await end;
  }

  /** Moves the last `length` bytes that are gathered to the beginning of `target`, and passes on those before them. */
  async #moveEnd(length: number, target: Buffer, pass: Pass): Promise<void> {
    const [block] = this.#blocks;
    await block?.isFree;
    const end = this.#length;
    this.#length -= length;
    if (block !== undefined) copyBytes(target, block.bytes.subarray(this.#length, end));
    if (this.#length > 0) this.#passOn(pass);
  }

  #passOn(pass: Pass): void {
    const block = this.#blocks.shift();
    if (block === undefined) return;
    block.isFree = thrownLater(pass(block.bytes.subarray(0, this.#length)));
    this.#blocks.push(block);
    this.#length = 0;
  }
}

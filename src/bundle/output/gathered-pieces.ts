/** Bytes up to which a piece is copied to be passed on with others, wherever it lies. */
const SMALL_PIECE = 65_536;
const GATHERED_SIZE = 1024 * 1024;

type SharedBytes = Buffer<SharedArrayBuffer>;

/**
 * Passes pieces of bytes on in order and in memory that workers share, small ones many at a time: a model can have thousands of
 * blobs of a few KiB, and a round to the disk and to a worker takes longer than such a piece. What is passed on may be used
 * until that resolves.
 */
export class GatheredPieces {
  readonly #pass: (bytes: SharedBytes) => Promise<void>;
  readonly #gathered: SharedBytes = Buffer.from(new SharedArrayBuffer(GATHERED_SIZE));
  #length = 0;

  constructor(pass: (bytes: SharedBytes) => Promise<void>) {
    this.#pass = pass;
  }

  /** The bytes may be used for something else when this resolves. */
  async add(bytes: Buffer): Promise<void> {
    if (isShared(bytes) && bytes.length > SMALL_PIECE) {
      await this.flush();
      await this.#pass(bytes);
      return;
    }
    for (let done = 0; done < bytes.length;) {
      const copied = bytes.copy(this.#gathered, this.#length, done);
      done += copied;
      this.#length += copied;
      if (this.#length === GATHERED_SIZE) await this.flush();
    }
  }

  /** Passes on what is still here. */
  async flush(): Promise<void> {
    const bytes = this.#gathered.subarray(0, this.#length);
    this.#length = 0;
    if (bytes.length > 0) await this.#pass(bytes);
  }
}

function isShared(bytes: Buffer): bytes is SharedBytes {
  return bytes.buffer instanceof SharedArrayBuffer;
}

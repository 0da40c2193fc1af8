/** Bytes up to which a piece is copied to be passed on with others. */
const SMALL_PIECE = 65_536;
const GATHERED_SIZE = 1024 * 1024;

/**
 * Passes pieces of bytes on in order, small ones many at a time: a model can have thousands of blobs of a few KiB, and a round
 * to the disk and to a worker takes longer than such a piece. What is passed on may be used until that resolves.
 */
export class GatheredPieces {
  readonly #pass: (bytes: Buffer) => Promise<void>;
  readonly #gathered = Buffer.from(new SharedArrayBuffer(GATHERED_SIZE));
  #length = 0;

  constructor(pass: (bytes: Buffer) => Promise<void>) {
    this.#pass = pass;
  }

  /** The bytes may be used for something else when this resolves. */
  async add(bytes: Buffer): Promise<void> {
    if (this.#length + bytes.length > GATHERED_SIZE || bytes.length > SMALL_PIECE)
      await this.flush();
    if (bytes.length > SMALL_PIECE) {
      await this.#pass(bytes);
      return;
    }
    this.#gathered.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Passes on what is still here. */
  async flush(): Promise<void> {
    const bytes = this.#gathered.subarray(0, this.#length);
    this.#length = 0;
    if (bytes.length > 0) await this.#pass(bytes);
  }
}

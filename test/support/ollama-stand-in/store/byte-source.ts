import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const BUFFER_BYTES = 64 * 1024;

/** Reads a file from its start, piece by piece; complains as Go does where it is too short. */
export class ByteSource implements Disposable {
  readonly size: number;
  readonly #file: number;
  #buffer = Buffer.alloc(0);
  #read = 0;
  #position = 0;

  constructor(file: string) {
    this.#file = openSync(file, "r");
    this.size = fstatSync(this.#file).size;
  }

  get position(): number {
    return this.#position;
  }

  take(length: number): Buffer {
    if (this.#buffer.length < length) this.#fill(length);
    const taken = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    this.#position += length;
    return taken;
  }

  uint32(): number {
    return this.take(4).readUInt32LE();
  }

  uint64(): number {
    return Number(this.take(8).readBigUInt64LE());
  }

  text(): string {
    return this.take(this.uint64()).toString("utf8");
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  #fill(length: number): void {
    if (this.#position + length > this.size) {
      throw new Error(this.#position === 0 && this.size === 0 ? "EOF" : "unexpected EOF");
    }
    const more = Buffer.alloc(Math.max(length - this.#buffer.length, BUFFER_BYTES));
    const bytes = readSync(this.#file, more, 0, more.length, this.#read);
    this.#read += bytes;
    this.#buffer = Buffer.concat([this.#buffer, more.subarray(0, bytes)]);
  }
}

import { type FileHandle, open } from "node:fs/promises";

/** The scalar metadata of a GGUF file: numbers, booleans and short texts by key. Arrays are left out. */
export type GgufMetadata = ReadonlyMap<string, string | number | boolean>;

/** Bounds for a header whose every length comes from the file. Metadata with a large vocabulary takes some 10 MB. */
const MAX_HEADER = 128 * 1024 * 1024;
const MAX_KEYS = 10_000;
const MAX_TEXT = 4096;
const WINDOW = 1024 * 1024;

const TYPE = {
  uint8: 0,
  int8: 1,
  uint16: 2,
  int16: 3,
  uint32: 4,
  int32: 5,
  float32: 6,
  bool: 7,
  string: 8,
  array: 9,
};
const SCALAR_SIZE: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
};

/**
 * Reads the metadata of a GGUF file, versions 2 and 3 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). Returns undefined
 * for any other file, and what was read up to there when the metadata ends early or goes beyond what a model has.
 */
export async function readGgufMetadata(path: string): Promise<GgufMetadata | undefined> {
  await using file = await open(path, "r");
  const cursor = new Cursor(file);
  const metadata = new Map<string, string | number | boolean>();
  try {
    if ((await cursor.bytes(4)).toString("latin1") !== "GGUF") return undefined;
    const version = await cursor.scalar(TYPE.uint32);
    if (version !== 2 && version !== 3) return undefined;
    await cursor.length();
    const keys = Math.min(MAX_KEYS, await cursor.length());
    for (let i = 0; i < keys; i += 1) await readEntry(cursor, metadata);
  } catch (error) {
    if (!(error instanceof EndOfHeader)) throw error;
  }
  return metadata;
}

async function readEntry(
  cursor: Cursor,
  metadata: Map<string, string | number | boolean>,
): Promise<void> {
  const key = await cursor.text();
  const type = await cursor.scalar(TYPE.uint32);
  if (type === TYPE.array) return skipArray(cursor);
  const value = type === TYPE.string ? await cursor.text() : await cursor.scalar(type);
  metadata.set(key, type === TYPE.bool ? value !== 0 : value);
}

async function skipArray(cursor: Cursor): Promise<void> {
  const type = await cursor.scalar(TYPE.uint32);
  const count = await cursor.length();
  const elementSize = SCALAR_SIZE[type];
  if (elementSize !== undefined) return cursor.skip(count * elementSize);
  if (type !== TYPE.string) throw new EndOfHeader();
  for (let i = 0; i < count; i += 1) cursor.skip(await cursor.length());
}

/** The header ends before what it announced, or goes on for longer than is read. */
class EndOfHeader extends Error {}

class Cursor {
  readonly #file: FileHandle;
  #window = Buffer.alloc(0);
  #windowStart = 0;
  #at = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async bytes(length: number): Promise<Buffer> {
    if (this.#at + length > this.#windowStart + this.#window.length || this.#at < this.#windowStart)
      await this.#fill(length);
    const start = this.#at - this.#windowStart;
    this.#at += length;
    return this.#window.subarray(start, start + length);
  }

  skip(length: number): void {
    this.#at += length;
    if (this.#at > MAX_HEADER) throw new EndOfHeader();
  }

  async length(): Promise<number> {
    const length = Number((await this.bytes(8)).readBigUInt64LE());
    if (length > MAX_HEADER) throw new EndOfHeader();
    return length;
  }

  /** A text; of one that is longer than any name or value of interest, its beginning. */
  async text(): Promise<string> {
    const length = await this.length();
    const text = (await this.bytes(Math.min(length, MAX_TEXT))).toString("utf8");
    this.skip(Math.max(0, length - MAX_TEXT));
    return text;
  }

  async scalar(type: number): Promise<number> {
    const size = SCALAR_SIZE[type];
    if (size === undefined) throw new EndOfHeader();
    const bytes = await this.bytes(size);
    if (type === TYPE.float32) return bytes.readFloatLE();
    if (type === 12) return bytes.readDoubleLE();
    if (size === 8) return Number(type === 11 ? bytes.readBigInt64LE() : bytes.readBigUInt64LE());
    const isSigned = type === TYPE.int8 || type === TYPE.int16 || type === TYPE.int32;
    return isSigned ? bytes.readIntLE(0, size) : bytes.readUIntLE(0, size);
  }

  async #fill(length: number): Promise<void> {
    if (this.#at + length > MAX_HEADER) throw new EndOfHeader();
    const window = Buffer.alloc(Math.max(WINDOW, length));
    const { bytesRead } = await this.#file.read(window, 0, window.length, this.#at);
    if (bytesRead < length) throw new EndOfHeader();
    this.#window = window.subarray(0, bytesRead);
    this.#windowStart = this.#at;
  }
}

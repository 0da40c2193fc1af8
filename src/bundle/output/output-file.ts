import { rename, rm } from "node:fs/promises";
import type { ChunkPool, LeasedBytes, SequentialHash } from "../../core/chunks/pool.ts";
import { DirectFile } from "../../core/direct-file.ts";
import { settleAll } from "../../core/settle-all.ts";
import type { OutputBlocks } from "./output-blocks.ts";

/** What follows the name of a file that is not whole. */
export const PARTIAL_SUFFIX = ".partial";

interface OutputFileOptions {
  readonly pool: ChunkPool;
  readonly blocks: OutputBlocks;
  /** Hashes this file's bytes too. */
  readonly wholeHash?: SequentialHash;
}

/** A file while it is written: `NAME.partial` beside its final name, hashed on the way. One at a time uses the blocks. */
export class OutputFile implements AsyncDisposable {
  readonly path: string;
  readonly #file: DirectFile;
  readonly #blocks: OutputBlocks;
  readonly #hash: SequentialHash;
  readonly #hashes: readonly SequentialHash[];
  #size = 0;
  #passed = 0;
  #isNamed = false;

  private constructor(path: string, file: DirectFile, options: OutputFileOptions) {
    const { pool, blocks, wholeHash } = options;
    this.path = path;
    this.#file = file;
    this.#blocks = blocks;
    this.#hash = pool.sequentialHash();
    this.#hashes = wholeHash === undefined ? [this.#hash] : [this.#hash, wholeHash];
  }

  static async create(path: string, options: OutputFileOptions): Promise<OutputFile> {
    return new OutputFile(path, await DirectFile.create(partialOf(path)), options);
  }

  get isNamed(): boolean {
    return this.#isNamed;
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  /** Copies the bytes. Throws where those before could not be written. */
  async append(bytes: Uint8Array): Promise<void> {
    this.#size += bytes.length;
    await this.#blocks.add(bytes, (block) => this.#pass(block));
  }

  /**
   * Takes over leased bytes, which are copied or else given back when they are written and hashed. Throws where those before
   * could not be written.
   */
  async take(leased: LeasedBytes): Promise<void> {
    this.#size += leased.bytes.length;
    await this.#blocks.take(leased, (block) => this.#pass(block));
  }

  /** Writes what is still to be written, syncs and closes it; returns its sha256. */
  async close(): Promise<string> {
    await this.#blocks.flush((block) => this.#pass(block));
    const sha256 = await this.#hash.digest();
    await this.#file.sync();
    await this.#file.close();
    return sha256;
  }

  /** Gives a closed file its final name. */
  async takeName(): Promise<void> {
    await rename(partialOf(this.path), this.path);
    this.#isNamed = true;
  }

  /** Without its final name, nothing is left of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isNamed) return;
    await this.#file.close().catch(() => undefined);
    await rm(partialOf(this.path), { force: true });
  }

  async #pass(block: Buffer<SharedArrayBuffer>): Promise<void> {
    const position = this.#passed;
    this.#passed += block.length;
    const hashed = this.#hashes.map((hash) => hash.updateRuns([block]));
    await settleAll([...hashed, this.#file.write(block, position)]);
  }
}

function partialOf(path: string): string {
  return `${path}${PARTIAL_SUFFIX}`;
}

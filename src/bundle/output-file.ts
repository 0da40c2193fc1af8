import { type FileHandle, open, rename, rm } from "node:fs/promises";
import type { ChunkPool, SequentialHash } from "../core/chunks/pool.ts";
import { writeAll } from "../core/files.ts";

/** What follows the name of a file that is not whole. */
export const PARTIAL_SUFFIX = ".partial";

/** A file while it is written: `NAME.partial` beside its final name, hashed on the way. */
export class OutputFile implements AsyncDisposable {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #hash: SequentialHash;
  #size = 0;
  #isNamed = false;

  private constructor(path: string, file: FileHandle, hash: SequentialHash) {
    this.path = path;
    this.#file = file;
    this.#hash = hash;
  }

  static async create(path: string, pool: ChunkPool): Promise<OutputFile> {
    return new OutputFile(path, await open(partialOf(path), "wx", 0o644), pool.sequentialHash());
  }

  get isNamed(): boolean {
    return this.#isNamed;
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  /** The bytes are written and hashed when this resolves. */
  async append(bytes: Buffer<SharedArrayBuffer>): Promise<void> {
    await Promise.all([this.#hash.updateRuns([bytes]), this.#write(bytes)]);
  }

  /** Syncs and closes it; returns its sha256. */
  async close(): Promise<string> {
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

  async #write(bytes: Buffer): Promise<void> {
    const position = this.#size;
    this.#size += bytes.length;
    await writeAll(this.#file, bytes, position);
  }
}

function partialOf(path: string): string {
  return `${path}${PARTIAL_SUFFIX}`;
}

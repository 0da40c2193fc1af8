import type { ChunkPool, LeasedBytes } from "../../core/chunks/pool.ts";
import { assertWritableOutput } from "./assert-writable-output.ts";
import { removePartials } from "./former-files.ts";
import { lockOutput } from "./lock-output.ts";
import { outputError } from "./output-error.ts";
import type { OutputFiles, WrittenFiles } from "./output-files.ts";
import { PartsOutput } from "./parts-output.ts";
import { WholeOutput } from "./whole-output.ts";

export interface OutputOptions {
  readonly pool: ChunkPool;
  /** Replace what is there; missing where the user cannot ask for that. */
  readonly force?: boolean;
  /** Bytes of each part, for a bundle in parts. */
  readonly partSize?: number | undefined;
}

/**
 * The bundle while it is written, as one file or in parts: each `.partial` beside its final name, hashed on the way. It appears
 * under its final name whole and synced, or not at all.
 */
export class BundleOutput implements AsyncDisposable {
  readonly #path: string;
  readonly #files: OutputFiles;
  readonly #lock: AsyncDisposable;
  #size = 0;

  private constructor(path: string, files: OutputFiles, lock: AsyncDisposable) {
    this.#path = path;
    this.#files = files;
    this.#lock = lock;
  }

  /**
   * Throws {@link HostError} where the directory is missing, not writable, or the file cannot be made; EXISTS where it is there
   * without `force`, LOCKED where another process is writing it.
   */
  static async create(
    path: string,
    { pool, force, partSize }: OutputOptions,
  ): Promise<BundleOutput> {
    try {
      await using owned = new AsyncDisposableStack();
      const lock = owned.use(await lockOutput(path));
      await assertWritableOutput(path, { force });
      await removePartials(path);
      const files =
        partSize === undefined
          ? await WholeOutput.create(path, pool)
          : new PartsOutput(path, pool, partSize);
      owned.move();
      return new BundleOutput(path, files, lock);
    } catch (error) {
      throw outputError(error, path);
    }
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  /** The bytes may be used for something else when this resolves. */
  async write(bytes: Buffer): Promise<void> {
    await this.#add(bytes, () => this.#files.append(bytes));
  }

  /**
   * Takes over leased bytes, which are given back when they are written or cannot be. Into one file, much at a time is not copied
   * where it begins as far into a page of memory as {@link size} is into one of the file.
   */
  async take(leased: LeasedBytes): Promise<void> {
    await this.#add(leased.bytes, () => this.#files.take(leased));
  }

  /** Syncs it, removes the sidecars of what was there before, gives it its final name and writes its own sidecars beside it. */
  async finish(id: string): Promise<WrittenFiles> {
    try {
      return { size: this.#size, ...(await this.#files.finish(id)) };
    } catch (error) {
      throw outputError(error, this.#path);
    }
  }

  async #add({ length }: Buffer, add: () => Promise<void>): Promise<void> {
    this.#size += length;
    try {
      await add();
    } catch (error) {
      throw outputError(error, this.#path);
    }
  }

  /** Without `finish`, nothing is left behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    await using _lock = this.#lock;
    await this.#files[Symbol.asyncDispose]();
  }
}

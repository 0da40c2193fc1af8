import { type FileHandle, rm } from "node:fs/promises";
import { CHUNK_SIZE } from "../core/chunks/chunk.ts";
import type { ChunkPool, Lease } from "../core/chunks/pool.ts";
import { copyBytes } from "../core/copy-bytes.ts";
import { writeAll } from "../core/files.ts";
import { settleAll } from "../core/settle-all.ts";
import { WriteBehind } from "../core/write-behind.ts";
import { ContentHasher, type HashPlan, type HashedContent } from "./content-hasher.ts";

/** Content of a {@link ContentWriter} that is too large for memory: chunk by chunk hashed and written to a temporary file. */
export class SpilledContent implements AsyncDisposable {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #behind: WriteBehind;
  readonly #pool: ChunkPool;
  readonly #hasher: ContentHasher;
  readonly #running = new Set<Promise<void>>();
  #filling: { readonly lease: Lease; length: number } | undefined;
  #flushed = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(
    pool: ChunkPool,
    { path, file }: { readonly path: string; readonly file: FileHandle },
    plan: HashPlan,
  ) {
    this.path = path;
    this.#file = file;
    this.#behind = new WriteBehind(file);
    this.#pool = pool;
    this.#hasher = new ContentHasher(pool, plan);
  }

  async write(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      this.#filling ??= { lease: await this.#pool.lease(), length: 0 };
      const { lease, length } = this.#filling;
      const piece = rest.subarray(0, CHUNK_SIZE - length);
      copyBytes(lease.bytes, piece, length);
      this.#filling.length += piece.length;
      rest = rest.subarray(piece.length);
      if (this.#filling.length === CHUNK_SIZE) this.#flush();
    }
    this.#throwFailure();
  }

  /** Waits until all is on disk. The file stays open; disposing closes it. */
  async finish(): Promise<HashedContent> {
    this.#flush();
    await Promise.all(this.#running);
    this.#throwFailure();
    const [content] = await Promise.all([this.#hasher.finish(), this.#behind.sync()]);
    return content;
  }

  /** Closes and removes the file, if it was not moved to its place. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#filling?.lease[Symbol.dispose]();
    this.#filling = undefined;
    await Promise.all(this.#running);
    await this.#file.close();
    await rm(this.path, { force: true });
  }

  #flush(): void {
    if (this.#filling === undefined) return;
    const { lease, length } = this.#filling;
    this.#filling = undefined;
    const position = this.#flushed;
    this.#flushed += length;
    const task = this.#store(lease, length, position)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        lease[Symbol.dispose]();
        this.#running.delete(task);
      });
    this.#running.add(task);
  }

  async #store(lease: Lease, length: number, position: number): Promise<void> {
    const place = this.#hasher.sealPlace(position / CHUNK_SIZE);
    const digested = this.#pool.run("digestAndSeal", lease, { length, place });
    const written = writeAll(this.#file, lease.bytes.subarray(0, length), position);
    await settleAll([
      this.#hasher.add(lease, digested),
      written.then(() => this.#behind.wrote(length)),
    ]);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

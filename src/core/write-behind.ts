import type { FileHandle } from "node:fs/promises";

/** How much may wait in the page cache before the disk is put to work. Bytes. */
const LARGEST_WAITING = 64 * 1024 * 1024;

/**
 * Sends a file to the disk while more of it is written. Left alone, a system keeps gigabytes in memory until somebody syncs: the
 * disk does nothing while bytes arrive, and then everybody waits for it, after the last byte was said to be there.
 */
export class WriteBehind {
  readonly #file: Pick<FileHandle, "datasync" | "sync">;
  #waiting = 0;
  #syncing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(file: Pick<FileHandle, "datasync" | "sync">) {
    this.#file = file;
  }

  /** Is told of bytes that were written. Throws the system's error of an earlier sync. */
  wrote(bytes: number): void {
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#waiting += bytes;
    if (this.#waiting < LARGEST_WAITING || this.#syncing !== undefined) return;
    this.#waiting = 0;
    this.#syncing = this.#dataSync();
  }

  /** Resolves when all is on disk. Throws the system's error of this or any earlier sync: of a lost write it tells only once. */
  async sync(): Promise<void> {
    await this.#syncing;
    if (this.#failure !== undefined) throw this.#failure.error;
    await this.#file.sync();
  }

  async #dataSync(): Promise<void> {
    try {
      await this.#file.datasync();
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#syncing = undefined;
  }
}

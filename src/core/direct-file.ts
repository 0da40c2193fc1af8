import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { hasCode } from "./errors.ts";
import { writeAll } from "./files.ts";
import { PAGE_SIZE } from "./page-aligned-buffer.ts";

/**
 * A new file that is written past the page cache (open(2), O_DIRECT) where system and file system can. Of a bundle the cache
 * would take more time than hashing it, throw out what others need, and say that all is written when it is still to be: of a
 * stick, minutes before.
 */
export class DirectFile {
  readonly #plain: FileHandle;
  readonly #direct: FileHandle | undefined;
  #isRefused = false;

  private constructor(plain: FileHandle, direct: FileHandle | undefined) {
    this.#plain = plain;
    this.#direct = direct;
  }

  /** Throws the system's EEXIST where there is something of that name. */
  static async create(path: string): Promise<DirectFile> {
    const plain = await open(path, "wx", 0o644);
    return new DirectFile(plain, await openDirect(path));
  }

  /**
   * Past the page cache only whole pages, from pages of a page-aligned buffer to those of the file. The bytes must stay as they
   * are until it resolves. Several writes at a time are fine.
   */
  async write(bytes: Uint8Array, position: number): Promise<void> {
    const isAligned = bytes.byteOffset % PAGE_SIZE === 0 && position % PAGE_SIZE === 0;
    const whole = isAligned ? bytes.length - (bytes.length % PAGE_SIZE) : 0;
    const done = await this.#writeDirect(bytes.subarray(0, whole), position);
    await writeAll(this.#plain, bytes.subarray(done), position + done);
  }

  async sync(): Promise<void> {
    await this.#plain.sync();
  }

  async close(): Promise<void> {
    await this.#direct?.close();
    await this.#plain.close();
  }

  /** How many bytes were written: none where that cannot be done here, which some file systems say only now. */
  async #writeDirect(bytes: Uint8Array, position: number): Promise<number> {
    if (this.#direct === undefined || this.#isRefused || bytes.length === 0) return 0;
    try {
      await writeAll(this.#direct, bytes, position);
      return bytes.length;
    } catch (error) {
      if (!hasCode(error, "EINVAL", "EOPNOTSUPP")) throw error;
      this.#isRefused = true;
      return 0;
    }
  }
}

async function openDirect(path: string): Promise<FileHandle | undefined> {
  const { O_WRONLY, O_DIRECT } = constants as Partial<typeof constants>;
  if (O_WRONLY === undefined || O_DIRECT === undefined) return undefined;
  return open(path, O_WRONLY | O_DIRECT).catch(() => undefined);
}

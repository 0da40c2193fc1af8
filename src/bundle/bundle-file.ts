import { type FileHandle, open } from "node:fs/promises";
import { constants } from "node:fs";
import { basename } from "node:path";
import { ABSENT, type Extent, sliceExtents } from "../core/chunks/chunk.ts";
import { HostError, hasCode, messageOf } from "../core/errors.ts";
import { readAll } from "../core/files.ts";

/** A bundle on disk as one run of bytes: one file, or parts one after another, each for as many bytes as it must have. */
export class BundleFile implements AsyncDisposable {
  /** What it is called: the file, or the name that the parts have before their number. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly #files: readonly Extent[];
  readonly #handles = new Map<string, Promise<FileHandle>>();
  #asked = 0;

  constructor(path: string, files: readonly Extent[]) {
    this.path = path;
    this.#files = files;
    this.size = files.reduce((sum, { length }) => sum + length, 0);
  }

  /** Bytes that were asked for so far. */
  get bytesAsked(): number {
    return this.#asked;
  }

  /** Where bytes `offset` to `offset + length` are. */
  extents(offset: number, length: number): readonly Extent[] {
    return sliceExtents(this.#files, offset, length);
  }

  /** Names of the parts that bytes are in; none for a bundle in one file. */
  partsWith({ start, end }: { readonly start: number; readonly end: number }): string[] {
    if (this.#files[0]?.path === this.path) return [];
    return this.extents(start, end - start)
      .filter(({ path }) => path !== ABSENT)
      .map(({ path }) => basename(path));
  }

  /** Bytes `offset` to `offset + length`; fewer where they end early, or cannot be read. */
  async read(offset: number, length: number): Promise<Buffer> {
    const bytes = Buffer.alloc(length);
    let done = 0;
    this.#asked += length;
    for (const extent of this.extents(offset, length)) {
      const read = await this.#readExtent(extent, bytes.subarray(done, done + extent.length));
      done += read;
      if (read < extent.length) break;
    }
    return bytes.subarray(0, done);
  }

  /** What workers make of extents. They open the files by their paths, where they may be gone; a read error is damage to them. */
  async readBy<T>(extents: readonly Extent[], work: Promise<T>): Promise<T> {
    this.#asked += extents.reduce((sum, extent) => sum + extent.length, 0);
    try {
      return await work;
    } catch (error) {
      if (!hasCode(error, "ENOENT", "ENOTDIR", "EACCES", "ENODEV", "ENXIO", "ESTALE")) throw error;
      throw new HostError(
        "IO",
        `Cannot read on in the bundle "${this.path}": ${messageOf(error)}`,
        { cause: error, hint: "See that it is still there, and its medium still in." },
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const handles = await Promise.allSettled(this.#handles.values());
    for (const handle of handles) if (handle.status === "fulfilled") await handle.value.close();
  }

  async #readExtent({ path, offset, length }: Extent, place: Buffer): Promise<number> {
    if (path === ABSENT) return 0;
    try {
      return await readAll(await this.#open(path), place.subarray(0, length), offset);
    } catch (error) {
      if (hasCode(error, "EIO")) return 0;
      throw new HostError("IO", `Cannot read "${path}": ${messageOf(error)}`, { cause: error });
    }
  }

  #open(path: string): Promise<FileHandle> {
    // A named pipe would block until somebody writes to it.
    const opened =
      this.#handles.get(path) ?? open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    this.#handles.set(path, opened);
    return opened;
  }
}

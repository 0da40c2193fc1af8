import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { ChunkPool } from "../../core/chunks/pool.ts";
import { HostError, hasCode } from "../../core/errors.ts";
import { openLeftover, syncDirectory, writeAll } from "../../core/files.ts";
import { giveBack } from "../../core/give-back.ts";
import { type FileToMend, sharesOf } from "./files-to-mend.ts";
import { isRight } from "./gather-segments.ts";
import type { Segment } from "../layout.ts";
import { outputError } from "../output/output-error.ts";

/** A segment whose right bytes are known, or wait in the spool from `at` on. */
interface Waiting {
  readonly segment: Segment;
  readonly at: number;
}

/**
 * The files of a damaged bundle while they are mended in their places. What goes over bytes that are there waits in a spool
 * beside them until `finish`, so that nothing changes where not all can be mended; what lies behind the end of a file is added at
 * once. Nothing that is right is ever written over: a crash makes nothing worse.
 */
export class MendedFiles implements AsyncDisposable {
  readonly #path: string;
  readonly #files: readonly FileToMend[];
  readonly #handles = new Map<FileToMend, FileHandle>();
  readonly #spool: FileHandle;
  readonly #waiting: Waiting[] = [];
  #spooled = 0;
  #written = 0;

  private constructor(path: string, files: readonly FileToMend[], spool: FileHandle) {
    this.#path = path;
    this.#files = files;
    this.#spool = spool;
  }

  /** `path` is what the bundle is called. */
  static async open(path: string, files: readonly FileToMend[]): Promise<MendedFiles> {
    try {
      const spool = await openLeftover(spoolOf(path), 0o600);
      await spool.truncate();
      return new MendedFiles(path, files, spool);
    } catch (error) {
      throw outputError(error, path);
    }
  }

  /** Bytes that were written to the bundle's files. */
  get written(): number {
    return this.#written;
  }

  /** Takes the right bytes of a segment; they may be used for something else when this resolves. */
  async add(segment: Segment, bytes: Buffer): Promise<void> {
    try {
      const shares = sharesOf(this.#files, segment.offset, segment.length);
      if (shares.every(({ file, at }) => at >= file.size)) {
        await this.#write(segment.offset, bytes);
        return;
      }
      this.#waiting.push({ segment, at: this.#spooled });
      if (segment.kind === "literal") return;
      await writeAll(this.#spool, bytes, this.#spooled);
      this.#spooled += bytes.length;
    } catch (error) {
      throw outputError(error, this.#path);
    }
  }

  /** Writes what waits, cuts off what is too long, syncs all of it and gives what was missing its name. */
  async finish(pool: ChunkPool): Promise<void> {
    try {
      for (const waiting of this.#waiting) await this.#place(waiting, pool);
      for (const file of this.#files) await this.#finishFile(file);
    } catch (error) {
      throw outputError(error, this.#path);
    }
  }

  /** Takes back what was added at once. */
  async undo(): Promise<void> {
    for (const [{ path, finalPath, size }, handle] of this.#handles) {
      await handle.truncate(size);
      if (size === 0 && path !== finalPath) await rm(path, { force: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const handle of this.#handles.values()) await handle.close();
    await this.#spool.close();
    await rm(spoolOf(this.#path), { force: true });
  }

  async #place({ segment, at }: Waiting, pool: ChunkPool): Promise<void> {
    if (segment.kind === "literal") {
      await this.#write(segment.offset, segment.bytes());
      return;
    }
    using lease = await pool.lease();
    const path = spoolOf(this.#path);
    const extents = [{ path, offset: at, length: segment.length }];
    if (!(await isRight(segment, { extents, lease, pool }))) throw spoolDamaged(path);
    await this.#write(segment.offset, lease.bytes.subarray(0, segment.length));
  }

  /** Writes what differs: of a chunk that goes over a border the piece in a part that is whole stays untouched. */
  async #write(offset: number, bytes: Buffer): Promise<void> {
    for (const { file, at, from, length } of sharesOf(this.#files, offset, bytes.length)) {
      const share = bytes.subarray(from, from + length);
      const handle = await this.#open(file);
      if (at < file.size && (await hasBytes(handle, share, at))) continue;
      await writeAll(handle, share, at);
      this.#written += length;
    }
  }

  async #finishFile(file: FileToMend): Promise<void> {
    const { path, finalPath, start, end, size } = file;
    if (size > end - start) await (await this.#open(file)).truncate(end - start);
    const handle = this.#handles.get(file);
    await handle?.sync();
    if (path === finalPath) return;
    await handle?.close();
    this.#handles.delete(file);
    await rename(path, finalPath);
    await syncDirectory(dirname(finalPath));
  }

  async #open(file: FileToMend): Promise<FileHandle> {
    const { path, finalPath } = file;
    const opened =
      this.#handles.get(file) ??
      (await (path === finalPath ? open(path, "r+") : openLeftover(path)));
    this.#handles.set(file, opened);
    return opened;
  }
}

function spoolOf(path: string): string {
  return `${path}.repair`;
}

async function hasBytes(handle: FileHandle, bytes: Buffer, at: number): Promise<boolean> {
  const there = Buffer.alloc(bytes.length);
  try {
    const { bytesRead } = await handle.read(there, 0, there.length, at);
    return bytesRead === bytes.length && there.equals(bytes);
  } catch (error) {
    if (hasCode(error, "EIO")) return false;
    throw error;
  } finally {
    giveBack(there);
  }
}

function spoolDamaged(path: string): HostError {
  return new HostError("IO", `Cannot mend the bundle: "${path}" reads other than it was written`, {
    hint: "This medium is failing: write the mended bundle elsewhere with --output.",
  });
}

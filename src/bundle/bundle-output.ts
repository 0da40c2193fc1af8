import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { ChunkPool, SequentialHash } from "../core/chunks/pool.ts";
import { HostError, hasCode, messageOf } from "../core/errors.ts";
import { writeFileWhole } from "../core/files.ts";
import { tryLockFile } from "../core/lock-file.ts";
import { assertWritableOutput } from "./assert-writable-output.ts";
import { GatheredPieces } from "./gathered-pieces.ts";

/**
 * The bundle while it is written: `NAME.partial` beside its final name, hashed on the way. It appears under its final name
 * whole and synced, or not at all.
 */
export class BundleOutput implements AsyncDisposable {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #hash: SequentialHash;
  readonly #lock: AsyncDisposable;
  readonly #pieces = new GatheredPieces((bytes) => this.#append(bytes));
  #size = 0;
  #written = 0;
  #isFinished = false;

  private constructor(
    path: string,
    { file, hash, lock }: { file: FileHandle; hash: SequentialHash; lock: AsyncDisposable },
  ) {
    this.#path = path;
    this.#file = file;
    this.#hash = hash;
    this.#lock = lock;
  }

  /**
   * Throws {@link HostError} where the directory is missing, not writable, or the file cannot be made; EXISTS where it is there
   * without `force`, LOCKED where another process is writing it.
   */
  static async create(
    path: string,
    { pool, force }: { readonly pool: ChunkPool; readonly force: boolean },
  ): Promise<BundleOutput> {
    try {
      await using owned = new AsyncDisposableStack();
      const lock = owned.use(await lockOutput(path));
      await assertWritableOutput(path, { force });
      await rm(partialOf(path), { force: true });
      const file = await open(partialOf(path), "wx", 0o644);
      owned.move();
      return new BundleOutput(path, { file, hash: pool.sequentialHash(), lock });
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
    this.#size += bytes.length;
    await this.#pieces.add(bytes);
  }

  /** Syncs it, removes the sidecar of what was there before, gives it its final name and writes its own `.sha256` beside it. */
  async finish(): Promise<{
    readonly sha256: string;
    readonly size: number;
    readonly sidecar: string;
  }> {
    const sidecar = `${this.#path}.sha256`;
    try {
      await this.#pieces.flush();
      const sha256 = await this.#hash.digest();
      await this.#file.sync();
      await this.#file.close();
      await rm(sidecar, { force: true });
      await rename(partialOf(this.#path), this.#path);
      this.#isFinished = true;
      await writeFileWhole(sidecar, `${sha256}  ${basename(this.#path)}\n`);
      return { sha256, size: this.#size, sidecar };
    } catch (error) {
      throw outputError(error, this.#path);
    }
  }

  /** Without `finish`, nothing is left behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    await using _lock = this.#lock;
    if (this.#isFinished) return;
    await this.#file.close().catch(() => undefined);
    await rm(partialOf(this.#path), { force: true });
  }

  async #append(bytes: Buffer<SharedArrayBuffer>): Promise<void> {
    await Promise.all([this.#hash.updateRuns([bytes]), this.#writeToFile(bytes)]);
  }

  async #writeToFile(bytes: Buffer): Promise<void> {
    const position = this.#written;
    this.#written += bytes.length;
    try {
      for (let done = 0; done < bytes.length;) {
        done += (await this.#file.write(bytes, done, bytes.length - done, position + done))
          .bytesWritten;
      }
    } catch (error) {
      throw outputError(error, this.#path);
    }
  }
}

/** Two that write one bundle would write over each other. */
async function lockOutput(path: string): Promise<AsyncDisposable> {
  const file = `${path}.lock`;
  const attempt = await tryLockFile(file, String(process.pid));
  if ("lock" in attempt) return attempt.lock;
  throw new HostError(
    "LOCKED",
    `Cannot write the bundle "${path}": process ${attempt.heldBy || "unknown"} is writing it`,
    {
      hint: `Wait for it, or write elsewhere with --output. If it is not running any more: rm ${JSON.stringify(file)}`,
    },
  );
}

function partialOf(path: string): string {
  return `${path}.partial`;
}

function outputError(error: unknown, path: string): unknown {
  const directory = dirname(path);
  if (hasCode(error, "ENOSPC", "EDQUOT")) {
    return new HostError(
      "NO_SPACE",
      `Cannot write the bundle "${path}": there is no space left in "${directory}"`,
      {
        cause: error,
        hint: "Free some space there, or write it elsewhere with --output.",
      },
    );
  }
  if (hasCode(error, "EACCES", "EPERM", "EROFS")) {
    return new HostError(
      "NO_RIGHTS",
      `Cannot write the bundle "${path}": the directory "${directory}" is not writable`,
      { cause: error },
    );
  }
  if (hasCode(error, "ENOENT", "ENOTDIR")) {
    return new HostError(
      "IO",
      `Cannot write the bundle "${path}": there is no directory "${directory}"`,
      { cause: error },
    );
  }
  return hasCode(error, "EIO")
    ? new HostError("IO", `Cannot write the bundle "${path}": ${messageOf(error)}`, {
        cause: error,
      })
    : error;
}

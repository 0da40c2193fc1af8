import { basename } from "node:path";
import type { ChunkPool, LeasedBytes } from "../../core/chunks/pool.ts";
import { writeFileWhole } from "../../core/files.ts";
import { SUMS_SUFFIX, removeOthers, removeSidecars } from "./former-files.ts";
import { OutputFile } from "./output-file.ts";
import { OutputBlocks } from "./output-blocks.ts";
import type { OutputFiles, WrittenFiles } from "./output-files.ts";

/** A bundle that is written as one file. */
export class WholeOutput implements OutputFiles {
  readonly #file: OutputFile;

  private constructor(file: OutputFile) {
    this.#file = file;
  }

  static async create(path: string, pool: ChunkPool): Promise<WholeOutput> {
    const blocks = new OutputBlocks();
    return new WholeOutput(await OutputFile.create(path, { pool, blocks }));
  }

  append(bytes: Uint8Array): Promise<void> {
    return this.#file.append(bytes);
  }

  take(leased: LeasedBytes): Promise<void> {
    return this.#file.take(leased);
  }

  async finish(): Promise<Omit<WrittenFiles, "size">> {
    const { path } = this.#file;
    const sidecar = `${path}${SUMS_SUFFIX}`;
    const sha256 = await this.#file.close();
    await removeSidecars(path);
    await this.#file.takeName();
    await removeOthers(path, [path]);
    await writeFileWhole(sidecar, `${sha256}  ${basename(path)}\n`);
    return { sha256, sidecar };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#file[Symbol.asyncDispose]();
  }
}

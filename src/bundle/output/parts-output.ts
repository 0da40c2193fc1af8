import { rm } from "node:fs/promises";
import { basename } from "node:path";
import type { ChunkPool, LeasedBytes, SequentialHash } from "../../core/chunks/pool.ts";
import { writeFileWhole } from "../../core/files.ts";
import { SUMS_SUFFIX, removeOthers, removeSidecars } from "./former-files.ts";
import { OutputBlocks } from "./output-blocks.ts";
import { OutputFile } from "./output-file.ts";
import type { OutputFiles, WrittenFiles } from "./output-files.ts";
import { PartSamples, samplingOf } from "../parts/part-samples.ts";
import { MAX_PARTS, PARTS_JSON_SUFFIX, partName } from "../parts/part-names.ts";
import { type ListedPart, encodePartsJson } from "../parts/parts-json.ts";
import { tooManyParts } from "../parts/split-size.ts";

interface PartFile {
  readonly file: OutputFile;
  readonly samples: PartSamples;
}

/**
 * A bundle that is cut into parts while it is written. A part is synced as soon as it is full; all take their names at the end,
 * and `.parts.json` is written last: where it is, they are all there.
 */
export class PartsOutput implements OutputFiles {
  readonly #path: string;
  readonly #pool: ChunkPool;
  readonly #partSize: number;
  readonly #hash: SequentialHash;
  readonly #blocks = new OutputBlocks();
  readonly #files: OutputFile[] = [];
  readonly #listed: ListedPart[] = [];
  #current: PartFile | undefined;
  #isComplete = false;

  constructor(path: string, pool: ChunkPool, partSize: number) {
    this.#path = path;
    this.#pool = pool;
    this.#partSize = partSize;
    this.#hash = pool.sequentialHash();
  }

  /** Gives every part its share of the bytes. */
  async append(bytes: Buffer): Promise<void> {
    for (let from = 0; from < bytes.length;) {
      const { file, samples } = this.#current ?? (await this.#begin());
      const share = bytes.subarray(from, from + this.#partSize - file.size);
      samples.add(share);
      await file.append(share);
      from += share.length;
      if (file.size === this.#partSize) await this.#closeCurrent();
    }
  }

  async take(leased: LeasedBytes): Promise<void> {
    using held = leased;
    await this.append(held.bytes);
  }

  async finish(id: string): Promise<Omit<WrittenFiles, "size">> {
    await this.#closeCurrent();
    const sha256 = await this.#hash.digest();
    await removeSidecars(this.#path);
    for (const file of this.#files) await file.takeName();
    const names = this.#files.map((file) => file.path);
    await removeOthers(this.#path, names);
    const sidecars = await this.#writeSidecars(id, sha256);
    this.#isComplete = true;
    return { sha256, ...sidecars };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const file of this.#files) {
      await file[Symbol.asyncDispose]();
      if (!this.#isComplete && file.isNamed) await rm(file.path, { force: true });
    }
  }

  async #begin(): Promise<PartFile> {
    const number = this.#files.length + 1;
    if (number > MAX_PARTS) throw tooManyParts(this.#partSize);
    const file = await OutputFile.create(partName(this.#path, number), {
      pool: this.#pool,
      blocks: this.#blocks,
      wholeHash: this.#hash,
    });
    this.#files.push(file);
    this.#current = { file, samples: new PartSamples(samplingOf(this.#partSize)) };
    return this.#current;
  }

  async #closeCurrent(): Promise<void> {
    if (this.#current === undefined) return;
    const { file, samples } = this.#current;
    this.#current = undefined;
    this.#listed.push({
      name: basename(file.path),
      bytes: file.size,
      sha256: await file.close(),
      samples: samples.digests(),
    });
  }

  async #writeSidecars(
    id: string,
    sha256: string,
  ): Promise<Pick<WrittenFiles, "sidecar" | "inParts">> {
    const sums = `${this.#path}${SUMS_SUFFIX}`;
    const listing = `${this.#path}${PARTS_JSON_SUFFIX}`;
    const parts = this.#listed;
    await writeFileWhole(sums, parts.map((part) => `${part.sha256}  ${part.name}\n`).join(""));
    const json = encodePartsJson({
      schemaVersion: 1,
      name: basename(this.#path),
      bundle: id,
      bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
      sha256,
      sampleEvery: samplingOf(this.#partSize),
      parts,
    });
    await writeFileWhole(listing, json);
    return { sidecar: sums, inParts: { parts, sidecar: listing } };
  }
}

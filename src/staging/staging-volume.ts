import { rm, stat } from "node:fs/promises";
import { chunkCount, chunkSizeAt } from "../core/chunks/chunk.ts";
import type { ChunkPool } from "../core/chunks/pool.ts";
import { hasCode } from "../core/errors.ts";
import { makeDirectory } from "../core/files.ts";
import type { WorkOptions } from "../core/progress.ts";
import { findUserFile, hashUserFile, isWorthRemembering } from "./adopt-file.ts";
import type { HashedContent } from "./content-hasher.ts";
import { ContentLocks } from "./content-locks.ts";
import { proofOf, rememberContent } from "./content-record.ts";
import { ContentWriter } from "./content-writer.ts";
import { type ReadContent, dropPartial, fetchPieces, fetchWhole } from "./fetch-content.ts";
import { hashFile } from "./hash-file.ts";
import { type ImageRecord, readImageRecord, writeImageRecord } from "./image-record.ts";
import { onDisk } from "./on-disk.ts";
import { readPieces } from "./piece-log.ts";
import { type StatedFile, provenFile, stagedFile } from "./proven-file.ts";
import type { StagedFile } from "./staged-file.ts";
import { type StagedItem, rememberItem } from "./staged-item.ts";
import type { StagingContext } from "./staging-context.ts";
import { VolumePaths } from "./volume-paths.ts";
import { type WantedContent, layerOf, ofWantedSize } from "./wanted-content.ts";
import { moveInPlace, removeLeftovers } from "./whole-file.ts";

export interface StagingOptions extends WorkOptions {
  /** Told of bytes of this content as they are known to be here, of each once. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/**
 * Where pulled content is kept: content-addressed, each file hashed before its first use, shared by all bundles and safe for
 * several processes at once. What cannot be written is a {@link HostError} that names the directory.
 */
export class StagingVolume {
  readonly #context: StagingContext;
  readonly #locks: ContentLocks;

  private constructor(context: StagingContext) {
    this.#context = context;
    this.#locks = new ContentLocks((sha256) => context.paths.lock(sha256));
  }

  /** Opens the staging volume in this directory, which is made where it does not exist. */
  static async open(directory: string, pool: ChunkPool): Promise<StagingVolume> {
    const paths = new VolumePaths(directory);
    await onDisk(paths.root, async () => {
      for (const path of paths.all) await makeDirectory(path);
      await removeLeftovers(paths);
    });
    return new StagingVolume({ paths, pool });
  }

  get directory(): string {
    return this.#context.paths.root;
  }

  /**
   * The content with this sha256, where the volume has it. A file that was not hashed as it is now is hashed first; one that
   * turns out wrong is removed, with a warning.
   */
  async find(
    wanted: Pick<WantedContent, "sha256" | "asModelBlob">,
    options: StagingOptions = {},
  ): Promise<StagedFile | undefined> {
    const file = await this.#fileOf(wanted.sha256);
    if (file === undefined) return undefined;
    const known = await this.#proven(file, wanted);
    if (known !== undefined) return known;
    await using _lock = await this.#hold(wanted.sha256, options);
    return await this.#findHeld(wanted, options);
  }

  /** Bytes of this content that are not in the volume, as far as can be told without reading it. */
  async missingBytes({ sha256, size }: Pick<WantedContent, "sha256" | "size">): Promise<number> {
    return onDisk(this.#context.paths.root, async () => {
      if ((await this.#fileOf(sha256)) !== undefined) return 0;
      const pieces = await readPieces(this.#context.paths.partialContent(sha256).log);
      return [...pieces.keys()]
        .filter((index) => index < chunkCount(size))
        .reduce((missing, index) => missing - chunkSizeAt(size, index), size);
    });
  }

  /**
   * The wanted content, fetched with `read` where the volume does not have it. An interrupted fetch goes on where it stopped;
   * another process that fetches the same is waited for. Throws {@link SourceError} `WRONG_CONTENT` when what came does not
   * hash to the digest.
   */
  async fetch(
    wanted: WantedContent,
    read: ReadContent,
    options: StagingOptions = {},
  ): Promise<StagedFile> {
    const file = await this.#fileOf(wanted.sha256);
    const known = file && (await this.#proven(file, wanted));
    if (known !== undefined) return counted(ofWantedSize(known, wanted), options);
    await using _lock = await this.#hold(wanted.sha256, options);
    const found = await this.#findHeld(wanted, options);
    if (found !== undefined) return counted(ofWantedSize(found, wanted), options);
    const how = chunkCount(wanted.size) > 1 ? fetchPieces : fetchWhole;
    const { path, content } = await how(this.#context, { wanted, read }, options);
    const kept = await onDisk(this.#context.paths.root, () => this.#keep(path, content));
    await onDisk(this.#context.paths.root, () => dropPartial(this.#context.paths, wanted.sha256));
    return kept;
  }

  /** The wanted content, from a stream that is read once and in order where the volume does not have it. */
  async receive(
    wanted: WantedContent,
    open: () => AsyncIterable<Uint8Array>,
    options: StagingOptions = {},
  ): Promise<StagedFile> {
    const known = await this.find(wanted, options);
    if (known !== undefined) return counted(ofWantedSize(known, wanted), options);
    await using writer = this.createContent(wanted);
    for await (const bytes of open()) {
      options.onBytes?.(bytes.length);
      await writer.write(bytes);
    }
    return ofWantedSize(await writer.commit({ expected: wanted }), wanted);
  }

  /** Removes content that served only to make other content. */
  async remove(sha256: string): Promise<void> {
    const path = this.#context.paths.blob(sha256);
    await onDisk(this.#context.paths.root, () => rm(path, { force: true }));
  }

  /** A writer for content that comes as a stream and whose digest need not be known. */
  createContent(wanted?: WantedContent): ContentWriter {
    const keep = async (temporary: string, content: HashedContent): Promise<StagedFile> => {
      const file = await this.#fileOf(content.sha256);
      const known = file && (await this.#proven(file, { ...content, ...wanted }));
      if (known === undefined) return this.#keep(temporary, content);
      await rm(temporary);
      return known;
    };
    return new ContentWriter({ ...this.#context, keep }, wanted && layerOf(wanted));
  }

  /**
   * Takes a file of the user's as it lies in its place: hashed, unless it is large and was before, and neither copied nor changed. Throws
   * {@link SourceError} that names the path when it is missing or not what was expected.
   */
  async adopt(
    path: string,
    wanted: WantedContent,
    options: StagingOptions = {},
  ): Promise<StagedFile> {
    const file = await findUserFile(path, wanted);
    if (!isWorthRemembering(wanted))
      return await hashUserFile(this.#context, { ...file, wanted }, options);
    const known = await this.#proven(file, wanted);
    if (known !== undefined) return counted(known, options);
    await using _lock = await this.#hold(wanted.sha256, options);
    const sinceThen = await this.#proven(file, wanted);
    if (sinceThen !== undefined) return counted(sinceThen, options);
    return await hashUserFile(this.#context, { ...file, wanted }, options);
  }

  /** Forgets what is known of files with this content, so that they are hashed again before their next use. */
  async distrust(sha256: string): Promise<void> {
    await onDisk(this.#context.paths.root, () =>
      rm(this.#context.paths.record(sha256), { force: true }),
    );
  }

  async readImageRecord(key: string): Promise<ImageRecord | undefined> {
    return onDisk(this.#context.paths.root, () => readImageRecord(this.#context.paths, key));
  }

  /** Remembers which contents make up an image. `key` is any text that names it. */
  async writeImageRecord(key: string, record: ImageRecord): Promise<void> {
    await onDisk(this.#context.paths.root, () =>
      writeImageRecord(this.#context.paths, key, record),
    );
  }

  /** Remembers of which content a model or an image is made. */
  async remember(item: StagedItem): Promise<void> {
    await onDisk(this.#context.paths.root, () => rememberItem(this.#context.paths, item));
  }

  /** The content in the volume; its lock is held, so that nobody else hashes or fetches it meanwhile. */
  async #findHeld(
    wanted: Pick<WantedContent, "sha256" | "asModelBlob">,
    { signal, onProgress }: StagingOptions,
  ): Promise<StagedFile | undefined> {
    const file = await this.#fileOf(wanted.sha256);
    if (file === undefined) return undefined;
    const known = await this.#proven(file, wanted);
    if (known !== undefined) return known;
    return onDisk(this.#context.paths.root, async () => {
      const size = Number(file.stats.size);
      const content = await hashFile(
        this.#context.pool,
        { path: file.path, size, ...layerOf({ ...wanted, size }) },
        { signal },
      );
      if (content?.sha256 === wanted.sha256) {
        await rememberContent(this.#context.paths, content, proofOf(file.stats));
        return stagedFile(file.path, size, content);
      }
      onProgress?.({
        kind: "warning",
        text: `Removed "${file.path}" from the staging volume: its content is not what its name says`,
      });
      await rm(file.path, { force: true });
      return undefined;
    });
  }

  /** Gives a finished temporary file its name. The record comes first: without its file it does no harm. */
  async #keep(temporary: string, content: HashedContent): Promise<StagedFile> {
    const stats = await stat(temporary, { bigint: true });
    const path = this.#context.paths.blob(content.sha256);
    await rememberContent(this.#context.paths, content, proofOf(stats));
    await moveInPlace(temporary, path);
    return stagedFile(path, Number(stats.size), content);
  }

  async #fileOf(sha256: string): Promise<StatedFile | undefined> {
    const path = this.#context.paths.blob(sha256);
    return onDisk(this.#context.paths.root, async () => {
      try {
        return { path, stats: await stat(path, { bigint: true }) };
      } catch (error) {
        if (hasCode(error, "ENOENT")) return undefined;
        throw error;
      }
    });
  }

  #proven(
    file: StatedFile,
    wanted: Pick<WantedContent, "sha256" | "asModelBlob">,
  ): Promise<StagedFile | undefined> {
    return onDisk(this.#context.paths.root, () => provenFile(this.#context.paths, file, wanted));
  }

  #hold(sha256: string, options: WorkOptions): Promise<AsyncDisposable> {
    return onDisk(this.#context.paths.root, () => this.#locks.hold(sha256, options));
  }
}

function counted(file: StagedFile, { onBytes }: StagingOptions): StagedFile {
  onBytes?.(file.size);
  return file;
}

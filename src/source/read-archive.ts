import { createReadStream } from "node:fs";
import { posix } from "node:path";
import { Readable } from "node:stream";
import { SourceError } from "../core/errors.ts";
import { giveBackPiece } from "../core/give-back.ts";
import type { WorkOptions } from "../core/progress.ts";
import { type ReadTarEntry, TarError, readTar } from "../core/tar.ts";
import { MAX_ENTRIES, targetOf } from "./archive-entries.ts";
import { DecompressError, openCompressed } from "./decompress.ts";
import { MAX_DOCUMENT } from "./find-image.ts";
import { FILE_HINT, readingImageFile } from "./image-file.ts";

/** Bytes of all JSON documents in an archive together. */
const MAX_DOCUMENTS = 64 * 1024 * 1024;
/** Bytes read at once. */
const READ_SIZE = 256 * 1024;

/** What an image archive has. Paths are names in it, and never paths here. */
export interface ScannedArchive {
  /** The content of what begins as JSON does, and is not large. */
  readonly documents: ReadonlyMap<string, Buffer>;
  /** The regular file that a path means, through a link or not, and its size; undefined where there is none. */
  readonly file: (path: string) => { readonly path: string; readonly size: number } | undefined;
}

/** Reads an archive (a tar, compressed or not) through for its JSON documents. Throws {@link SourceError}. */
export async function scanArchive(file: string, options: WorkOptions): Promise<ScannedArchive> {
  const documents = new Map<string, Buffer>();
  const sizes = new Map<string, number>();
  const links = new Map<string, string>();
  let kept = 0;
  for await (const entry of entriesOf(file, options)) {
    const path = posix.normalize(entry.path);
    if (entry.type === "symlink" || entry.type === "link") links.set(path, targetOf(path, entry));
    if (entry.type !== "file") continue;
    sizes.set(path, entry.size);
    const document = entry.size > MAX_DOCUMENT ? undefined : await readJson(entry);
    if (document === undefined) continue;
    if ((kept += document.length) > MAX_DOCUMENTS) throw damaged(file, "it has too many documents");
    documents.set(path, document);
  }
  const fileAt = (path: string): { path: string; size: number } | undefined => {
    const size = sizes.get(path);
    return size === undefined ? undefined : { path, size };
  };
  return { documents, file: (path) => fileAt(path) ?? fileAt(links.get(path) ?? "") };
}

/**
 * The entries of an archive, in its order; the content of each can be read until the next is asked for. Throws
 * {@link SourceError} for what is no archive.
 */
export async function* entriesOf(
  file: string,
  { signal }: WorkOptions,
): AsyncGenerator<ReadTarEntry, void, undefined> {
  let entries = 0;
  const bytes = createReadStream(file, { highWaterMark: READ_SIZE });
  try {
    const { content: tar } = await readingImageFile(file, () => openCompressed(bytes));
    for await (const entry of explained(file, readTar(Readable.from(tar), { signal }))) {
      if ((entries += 1) > MAX_ENTRIES)
        throw damaged(file, `it has more than ${MAX_ENTRIES} entries`);
      const content = explained(file, entry.content);
      yield { ...entry, content };
      for await (const unread of content) giveBackPiece(unread);
    }
  } finally {
    bytes.destroy();
  }
}

async function* explained<T>(file: string, items: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* items;
  } catch (error) {
    if (error instanceof TarError || error instanceof DecompressError)
      throw damaged(file, `it is cut off, or no tar (${error.message})`, error);
    throw error;
  }
}

/** The content, where it begins as JSON does. */
async function readJson({ content }: ReadTarEntry): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let isJson: boolean | undefined;
  for await (const bytes of content) {
    isJson ??= bytes[0] === 0x7b || bytes[0] === 0x5b; // { or [
    if (isJson) pieces.push(Buffer.from(bytes));
    giveBackPiece(bytes);
  }
  return isJson === true ? Buffer.concat(pieces) : undefined;
}

function damaged(file: string, what: string, cause?: unknown): SourceError {
  return new SourceError("INCOMPLETE", `Cannot read the image archive "${file}": ${what}`, {
    cause,
    hint: FILE_HINT,
  });
}

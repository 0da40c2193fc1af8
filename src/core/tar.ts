import { type Readable, finished } from "node:stream";
import { type Extract, extract as createExtract } from "tar-stream";
import { TAR_END_SIZE, tarHeader, tarPadding } from "./tar-header.ts";

/** An entry of a tar that is read. Its content comes once, and only until the next entry is asked for. */
export interface ReadTarEntry {
  readonly path: string;
  readonly type: "file" | "directory" | "link" | "symlink" | "other";
  /** Bytes of content. */
  readonly size: number;
  /** Where a link or symlink points, as the tar has it. */
  readonly linkName?: string | undefined;
  /** Read to its end or not at all: whoever leaves it in the middle ends the reading of the whole tar. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** A file of a tar that is written; or a directory, whose path ends in "/" and whose content is empty. */
export interface WrittenTarEntry {
  readonly path: string;
  /** Bytes; the content must have exactly as many. */
  readonly size: number;
  /** 0644 unless given. */
  readonly mode?: number;
  /** Seconds since 1970; 0 unless given. */
  readonly mtime?: number;
  readonly content: AsyncIterable<Uint8Array> | Uint8Array;
}

/** The bytes are not those of a tar, or end within an entry. */
export class TarError extends Error {
  override readonly name = "TarError";
}

/**
 * Takes a tar apart as it arrives; content that nobody reads is skipped. Destroys the stream in the end. Throws
 * {@link TarError} for bytes that are no tar, and passes on what the stream threw and the reason of an abort.
 *
 * A tar that was cut between two entries ends as a whole one does: only the reader can tell whether everything is there.
 */
export async function* readTar(
  tar: Readable,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<ReadTarEntry, void, undefined> {
  signal?.throwIfAborted();
  const extract = createExtract();
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown) => {
    failure ??= { error };
    extract.destroy(toError(error));
  };
  const abort = () => fail(signal?.reason);
  const explain = (error: unknown) => (failure === undefined ? asTarError(error) : failure.error);

  signal?.addEventListener("abort", abort);
  finished(tar, { writable: false }, (error) => error && fail(error));
  tar.pipe(extract);
  try {
    for await (const entry of extract) {
      yield describeEntry(entry, explain);
      entry.resume();
    }
    if (failure !== undefined) throw failure.error;
  } catch (error) {
    throw explain(error);
  } finally {
    signal?.removeEventListener("abort", abort);
    extract.destroy();
    tar.destroy();
  }
}

/** A small tar in memory, its times 1970. */
export function tarOf(
  entries: readonly {
    readonly path: string;
    readonly mode?: number;
    readonly content: Uint8Array;
  }[],
): Buffer {
  const blocks = entries.flatMap(({ path, mode, content }) => [
    tarHeader({ path, size: content.length, mode: mode ?? 0o644, mtime: 0 }),
    content,
    Buffer.alloc(tarPadding(content.length)),
  ]);
  return Buffer.concat([...blocks, Buffer.alloc(TAR_END_SIZE)]);
}

/**
 * A tar as it is asked for. Throws a {@link TarError}, before a byte too many is out, where content is not
 * as long as its entry says.
 */
export async function* writeTar(
  entries: Iterable<WrittenTarEntry> | AsyncIterable<WrittenTarEntry>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const { path, size, mode = 0o644, mtime = 0, content } of entries) {
    yield tarHeader({ path, size, mode, mtime });
    yield* exactly(path, size, content instanceof Uint8Array ? [content] : content);
    yield Buffer.alloc(tarPadding(size));
  }
  yield Buffer.alloc(TAR_END_SIZE);
}

async function* exactly(
  path: string,
  size: number,
  content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let missing = size;
  for await (const bytes of content) {
    missing -= bytes.length;
    if (missing < 0) break;
    yield bytes;
  }
  if (missing === 0) return;
  throw new TarError(
    `cannot put "${path}" into a tar: its content is ${missing > 0 ? "shorter" : "longer"} than ${size} bytes`,
  );
}

type Entry = Extract extends AsyncIterable<infer Source> ? Source : never;

function describeEntry(entry: Entry, explain: (error: unknown) => unknown): ReadTarEntry {
  const { name, type, size, linkname } = entry.header;
  return {
    path: name,
    type: typeOf(type),
    size,
    linkName: linkname ?? undefined,
    content: explained(entry, explain),
  };
}

function typeOf(type: Entry["header"]["type"]): ReadTarEntry["type"] {
  if (type === "file" || type === "directory" || type === "link" || type === "symlink") return type;
  return type === "contiguous-file" ? "file" : "other";
}

async function* explained(
  entry: Entry,
  explain: (error: unknown) => unknown,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const bytes of entry as AsyncIterable<Uint8Array>) yield bytes;
  } catch (error) {
    throw explain(error);
  }
}

function asTarError(error: unknown): TarError {
  return new TarError(toError(error).message, { cause: error });
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

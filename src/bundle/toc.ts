import { CHUNK_SIZE } from "../core/chunks/chunk.ts";
import type { JsonList } from "../core/json-list.ts";
import type { ChunkSegment, Segment } from "./layout.ts";
import type { BundledFile, ModelsJson } from "./models-json.ts";

/** The name of the table of contents: the last entry of an eStargz tar. */
export const TOC_NAME = "stargz.index.json";

/** Of every file in a bundle. */
export const FILE_MODE = 0o644;

/** An entry of the table of contents, its fields in the order in which they are written. */
interface TocEntry {
  readonly name: string;
  readonly type: "reg" | "chunk";
  readonly size?: number;
  readonly modtime?: string;
  readonly mode?: number;
  readonly digest?: string;
  readonly offset?: number;
  readonly chunkOffset?: number;
  readonly chunkSize?: number;
  readonly chunkDigest?: string;
}

type Head = Pick<ModelsJson, "name" | "mtime">;

/**
 * The table of contents as eStargz wants it (version 1): one entry a line, so that its end can be read without its beginning. The
 * files' chunks are among the segments in the same order.
 */
export function tocText(
  head: Head,
  files: readonly BundledFile[],
  segments: readonly Segment[],
): JsonList {
  return {
    before: TOC_START,
    items: () => tocEntries(head, files, chunksOf(segments)),
    separator: ENTRY_SEPARATOR,
    after: TOC_END,
  };
}

function* tocEntries(
  { name, mtime }: Head,
  files: readonly BundledFile[],
  chunks: Generator<ChunkSegment, undefined>,
): Generator<TocEntry> {
  const modtime = new Date(mtime * 1000).toISOString().replace(".000Z", "Z");
  for (const file of files) {
    const entryName = `${name}/${file.path}`;
    const head = {
      name: entryName,
      type: "reg",
      size: file.size,
      modtime,
      mode: FILE_MODE,
      digest: `sha256:${file.sha256}`,
    } as const;
    if (file.chunks.length === 0) yield head;
    for (let index = 0; index < file.chunks.length; index += 1) {
      const { value } = chunks.next();
      if (value === undefined) throw new Error("a file has more chunks than there are segments");
      const chunk = {
        offset: value.offset,
        ...(index > 0 && { chunkOffset: index * CHUNK_SIZE }),
        ...(file.chunks.length > 1 && { chunkSize: value.size }),
        chunkDigest: `sha256:${value.chunk.sha256}`,
      };
      yield index === 0 ? { ...head, ...chunk } : { name: entryName, type: "chunk", ...chunk };
    }
  }
}

function* chunksOf(segments: readonly Segment[]): Generator<ChunkSegment, undefined> {
  for (const segment of segments) if (segment.kind === "chunk") yield segment;
}

export const ENTRY_SEPARATOR = ",\n";
export const TOC_END = "\n]}\n";
const TOC_START = '{"version":1,"entries":[\n';

import type { JsonList } from "../core/json-list.ts";

/** The name of the table of contents: the last entry of an eStargz tar. */
export const TOC_NAME = "stargz.index.json";

/** An entry of the table of contents, its fields in the order in which they are written. */
export interface TocEntry {
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

/** The table of contents as eStargz wants it (version 1): one entry a line, so that its end can be read without its beginning. */
export function tocText(entries: () => Iterable<TocEntry>): JsonList {
  return { before: TOC_START, items: entries, separator: ENTRY_SEPARATOR, after: TOC_END };
}

export const ENTRY_SEPARATOR = ",\n";
export const TOC_END = "\n]}\n";
const TOC_START = '{"version":1,"entries":[\n';

import { giveBack } from "../core/give-back.ts";

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
export function encodeToc(entries: readonly string[]): Buffer {
  const parts = [Buffer.from(TOC_START)];
  // Not as one string: of a hundred thousand entries it would be there several times over before it is bytes.
  for (let at = 0; at < entries.length; at += ENTRIES_AT_ONCE) {
    const separator = at === 0 ? "" : ENTRY_SEPARATOR;
    const text = entries.slice(at, at + ENTRIES_AT_ONCE).join(ENTRY_SEPARATOR);
    parts.push(Buffer.from(`${separator}${text}`));
  }
  const toc = Buffer.concat([...parts, Buffer.from(TOC_END)]);
  parts.forEach(giveBack);
  return toc;
}

export function encodeTocEntry(entry: TocEntry): string {
  return JSON.stringify(entry);
}

export const ENTRY_SEPARATOR = ",\n";
export const TOC_END = "\n]}\n";
const TOC_START = '{"version":1,"entries":[\n';
const ENTRIES_AT_ONCE = 1000;

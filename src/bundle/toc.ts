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
export function encodeToc(entries: readonly TocEntry[]): Buffer {
  const lines = entries.map((entry) => Buffer.from(JSON.stringify(entry)));
  const parts = lines.flatMap((line, at) => (at === 0 ? [line] : [ENTRY_SEPARATOR, line]));
  return Buffer.concat([TOC_START, ...parts, TOC_END]);
}

export const ENTRY_SEPARATOR = Buffer.from(",\n");
export const TOC_END = Buffer.from("\n]}\n");
const TOC_START = Buffer.from('{"version":1,"entries":[\n');

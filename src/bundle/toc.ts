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

/**
 * The table of contents as eStargz wants it (version 1): one entry a line, so that its end can be read without its beginning. Kept as
 * bytes: as strings a hundred thousand entries would be there several times over.
 */
export class TocText {
  readonly #parts: Buffer[] = [Buffer.from(TOC_START)];
  #lines: string[] = [];
  #isFirst = true;

  add(entry: TocEntry): void {
    this.#lines.push(`${this.#isFirst ? "" : ENTRY_SEPARATOR}${JSON.stringify(entry)}`);
    this.#isFirst = false;
    if (this.#lines.length === LINES_AT_ONCE) this.#encode();
  }

  /** All of it; afterwards there is nothing left here. */
  bytes(): Buffer {
    this.#lines.push(TOC_END);
    this.#encode();
    const parts = this.#parts.splice(0);
    const toc = Buffer.concat(parts);
    parts.forEach(giveBack);
    return toc;
  }

  #encode(): void {
    this.#parts.push(Buffer.from(this.#lines.join("")));
    this.#lines = [];
  }
}

export const ENTRY_SEPARATOR = ",\n";
export const TOC_END = "\n]}\n";
const TOC_START = '{"version":1,"entries":[\n';
const LINES_AT_ONCE = 1000;

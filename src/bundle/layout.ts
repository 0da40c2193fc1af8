import { crc32 } from "node:zlib";
import { CHUNK_SIZE, type PackedChunk, chunkSizeAt } from "../core/chunks/chunk.ts";
import { deflatedMemberSize, storedMember, storedMemberSize } from "../core/chunks/gzip-member.ts";
import { sha256Hex } from "../core/digest.ts";
import { giveBack } from "../core/give-back.ts";
import { type JsonList, jsonListLength, writeJsonList } from "../core/json-list.ts";
import {
  TAR_END_SIZE,
  type TarEntry,
  tarHeader,
  tarHeaderSize,
  tarPadding,
} from "../core/tar-header.ts";
import { FOOTER_SIZE, footer } from "./footer.ts";
import type { BundledFile, ModelsJson } from "./models-json.ts";
import { sha256sumsOf } from "./sha256sums.ts";
import { FILE_MODE, TOC_NAME, tocText } from "./toc.ts";

export const MODELS_JSON = "MODELS.json";
export const SHA256SUMS = "SHA256SUMS";
export const SIGNATURE = "SHA256SUMS.minisig";

/** A run of bytes of a bundle: bytes that follow from MODELS.json, or the gzip member that holds one chunk of a file. */
export type Segment = LiteralSegment | ChunkSegment;

export interface LiteralSegment {
  readonly kind: "literal";
  /** Path of the file whose header it is. */
  readonly path?: string;
  /** What a person calls these bytes: `header of "models/…"`, `table of contents`, `footer`. */
  readonly what: string;
  readonly offset: number;
  readonly length: number;
  /** Made anew each time: whoever asked may give them back. */
  bytes(): Buffer;
}

export interface ChunkSegment {
  readonly kind: "chunk";
  readonly file: BundledFile;
  readonly index: number;
  readonly chunk: PackedChunk;
  readonly offset: number;
  readonly length: number;
  /** Bytes of content. */
  readonly size: number;
}

export interface Layout {
  /** The bundle's id: sha256 of SHA256SUMS, 64 hex digits. */
  readonly id: string;
  readonly segments: readonly Segment[];
  /** Bytes of the whole bundle. */
  readonly size: number;
  /** The entries that MODELS.json does not list: itself, SHA256SUMS, and its signature when there is one. */
  readonly trailing: readonly TrailingFile[];
}

/** A file that follows from MODELS.json or vouches for it: always stored. */
export interface TrailingFile extends BundledFile {
  /** The gzip member of one of its chunks. */
  member(index: number): Buffer;
}

/**
 * The one function that gives every byte of a bundle (FORMAT.md): from MODELS.json, as it was read and as its bytes, and the
 * signature when there is one. The writer writes what it says, the reader compares.
 */
export function layoutOf(
  manifest: ModelsJson,
  modelsJsonBytes: Buffer,
  signature?: Buffer,
): Layout {
  const trailing = trailingFiles(manifest, modelsJsonBytes, signature);
  const segments: Segment[] = [];
  const files = [...manifest.files, ...trailing];
  let offset = 0;
  let padding = 0;
  for (const file of files) {
    const lead = new FileLead(manifest, file, { padding, offset });
    segments.push(lead);
    offset += lead.length;
    const chunks = chunkSegments(file, offset);
    // Not as arguments: a file of a terabyte has more chunks than a call takes.
    for (const chunk of chunks) segments.push(chunk);
    offset += chunks.reduce((sum, { length }) => sum + length, 0);
    padding = tarPadding(file.size);
  }
  const tocOffset = offset + storedMemberSize(padding);
  const toc = tocText(manifest, files, segments);
  for (const ending of endings(manifest, toc, padding)) {
    segments.push({ ...ending, offset });
    offset += ending.length;
  }
  const end = { kind: "literal", what: "footer", length: FOOTER_SIZE } as const;
  segments.push({ ...end, offset, bytes: () => footer(tocOffset) });
  const id = trailing.find(({ path }) => path === SHA256SUMS)?.sha256 ?? "";
  return { id, segments, size: offset + FOOTER_SIZE, trailing };
}

/** What the headers of all files have in common. */
export type Head = Pick<ModelsJson, "name" | "mtime">;
type Headed = Pick<BundledFile, "path" | "size">;

/** What stands before a file's first chunk: the padding of the file before it and the file's tar header, as one stored member. */
export function leadBytes(head: Head, file: Headed, padding: number): Buffer {
  return stored(Buffer.concat([Buffer.alloc(padding), tarHeader(headerOf(head, file))]));
}

/** Bytes of {@link leadBytes} of the same. */
export function leadSize(head: Head, file: Headed, padding: number): number {
  return storedMemberSize(padding + tarHeaderSize(headerOf(head, file)));
}

/** The same as a segment. There is one for each of many thousand files, so it knows nothing that can be worked out when it is asked for. */
class FileLead implements LiteralSegment {
  readonly kind = "literal";
  readonly offset: number;
  readonly length: number;
  readonly #head: Head;
  readonly #file: Headed;
  readonly #padding: number;

  constructor(head: Head, file: Headed, { padding, offset }: { padding: number; offset: number }) {
    this.offset = offset;
    this.length = leadSize(head, file, padding);
    this.#head = head;
    this.#file = file;
    this.#padding = padding;
  }

  get path(): string {
    return this.#file.path;
  }

  get what(): string {
    return `header of "${this.path}"`;
  }

  bytes(): Buffer {
    return leadBytes(this.#head, this.#file, this.#padding);
  }
}

function headerOf({ name, mtime }: Head, { path, size }: Headed): TarEntry {
  return { path: `${name}/${path}`, size, mode: FILE_MODE, mtime };
}

/** MODELS.json and what vouches for it, as files of stored chunks. */
function trailingFiles(
  manifest: ModelsJson,
  modelsJsonBytes: Buffer,
  signature: Buffer | undefined,
): TrailingFile[] {
  const modelsJson = storedFile(MODELS_JSON, modelsJsonBytes);
  const sums = storedFile(SHA256SUMS, sha256sumsOf([...manifest.files, modelsJson]));
  return signature === undefined
    ? [modelsJson, sums]
    : [modelsJson, sums, storedFile(SIGNATURE, signature)];
}

function storedFile(path: string, bytes: Buffer): TrailingFile {
  const chunks: PackedChunk[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_SIZE) {
    const content = bytes.subarray(at, at + CHUNK_SIZE);
    chunks.push({ sha256: sha256Hex(content), crc32: crc32(content) });
  }
  const member = (index: number): Buffer =>
    stored(bytes.subarray(index * CHUNK_SIZE, (index + 1) * CHUNK_SIZE));
  return { path, size: bytes.length, sha256: sha256Hex(bytes), chunks, member };
}

function chunkSegments(file: BundledFile, start: number): ChunkSegment[] {
  let offset = start;
  return file.chunks.map((chunk, index) => {
    const size = chunkSizeAt(file.size, index);
    const length =
      chunk.packed === undefined ? storedMemberSize(size) : deflatedMemberSize(chunk.packed.size);
    const segment = { kind: "chunk", file, index, chunk, offset, length, size } as const;
    offset += length;
    return segment;
  });
}

/** The last padding, and then, as a member of its own where the footer points, the table of contents with the end of the tar. */
function endings(
  { mtime }: ModelsJson,
  toc: JsonList,
  padding: number,
): Omit<LiteralSegment, "offset">[] {
  const size = jsonListLength(toc);
  const header = tarHeader({ path: TOC_NAME, size, mode: FILE_MODE, mtime });
  const contentSize = header.length + size + tarPadding(size) + TAR_END_SIZE;
  return [
    {
      kind: "literal",
      what: "padding after the last file",
      length: storedMemberSize(padding),
      bytes: () => stored(Buffer.alloc(padding)),
    },
    {
      kind: "literal",
      what: "table of contents",
      length: storedMemberSize(contentSize),
      bytes: () => {
        const content = Buffer.alloc(contentSize);
        header.copy(content);
        writeJsonList(toc, content.subarray(header.length, header.length + size));
        const member = stored(content);
        giveBack(content);
        return member;
      },
    },
  ];
}

function stored(content: Buffer): Buffer {
  return storedMember(content, crc32(content));
}

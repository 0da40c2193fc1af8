import { type Hash, createHash } from "node:crypto";
import { checkWindow, openChunk } from "./check-chunk.ts";
import type { Extent } from "./chunk.ts";
import { packChunk } from "./pack-chunk.ts";
import { readExtent } from "./read-extent.ts";
import { type Seal, type SealPlace, sealOf } from "./seal.ts";

/** What workers can do. Each takes the leased buffer and what else it needs, and returns plain data. */
export const tasks = {
  checkWindow,
  openChunk,
  packChunk,
  read,
  readAndDigest,
  digest,
  readAndSeal,
  digestAndSeal,
  hashUpdate,
  hashEnd,
};

export type Tasks = typeof tasks;

/** Reads an extent into the buffer and returns how many bytes there were. */
function read(buffer: Uint8Array, extent: Extent): number {
  return readExtent(extent, [buffer.subarray(0, extent.length)]);
}

interface Digested {
  readonly length: number;
  /** Hex. */
  readonly sha256: string;
}

/** Reads an extent into the buffer and digests what there was. */
function readAndDigest(buffer: Uint8Array, extent: Extent): Digested {
  const length = read(buffer, extent);
  return { length, sha256: digest(buffer, { length }) };
}

/** The sha256 (hex) of the buffer's first `length` bytes. */
function digest(buffer: Uint8Array, { length }: { readonly length: number }): string {
  return createHash("sha256").update(buffer.subarray(0, length)).digest("hex");
}

/** A chunk that lies at the beginning of its buffer. */
export interface DigestedChunk extends Digested {
  readonly seal: Seal;
}

/** Reads a chunk into the buffer, digests and seals what there was. */
function readAndSeal(
  buffer: Uint8Array,
  { extent, place }: { readonly extent: Extent; readonly place: SealPlace },
): DigestedChunk {
  return digestAndSeal(buffer, { length: read(buffer, extent), place });
}

/** Digests and seals the buffer's first `length` bytes. */
function digestAndSeal(
  buffer: Uint8Array,
  { length, place }: { readonly length: number; readonly place: SealPlace },
): DigestedChunk {
  const sha256 = digest(buffer, { length });
  return { length, sha256, seal: sealOf([buffer.subarray(0, length)], sha256, place) };
}

/** Hashes that go over more than one buffer live in the one worker that began them. */
const hashes = new Map<number, Hash>();

interface HashUpdate {
  readonly id: number;
  /** Runs of the buffer, or bytes of their own. */
  readonly content: readonly { readonly offset: number; readonly length: number }[] | Uint8Array;
}

function hashUpdate(buffer: Uint8Array, { id, content }: HashUpdate): void {
  const hash = hashes.get(id) ?? createHash("sha256");
  hashes.set(id, hash);
  if (content instanceof Uint8Array) {
    hash.update(content);
    return;
  }
  for (const { offset, length } of content) hash.update(buffer.subarray(offset, offset + length));
}

function hashEnd(_buffer: Uint8Array, { id }: { readonly id: number }): string {
  const hash = hashes.get(id) ?? createHash("sha256");
  hashes.delete(id);
  return hash.digest("hex");
}

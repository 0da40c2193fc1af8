import { createHash } from "node:crypto";
import { constants, crc32, inflateRawSync } from "node:zlib";
import { hasCode } from "../errors.ts";
import { giveBack } from "../give-back.ts";
import { ABSENT, type Extent, type PackedChunk, sliceExtents } from "./chunk.ts";
import {
  MEMBER_HEADER,
  MEMBER_TRAILER_SIZE,
  memberTrailer,
  storedFrameDamage,
  storedRuns,
} from "./gzip-member.ts";
import { readExtents } from "./read-extent.ts";

/** What a run of bytes must be: exactly these bytes, or the gzip member of a chunk with this digest. Offsets are in the window. */
export type Expectation =
  | { readonly kind: "literal"; readonly offset: number; readonly bytes: Uint8Array }
  | {
      readonly kind: "chunk";
      readonly offset: number;
      readonly length: number;
      readonly size: number;
      readonly chunk: PackedChunk;
    };

export interface CheckTask {
  /** The window: one run of bytes, in as many files as it goes over. */
  readonly extents: readonly Extent[];
  readonly expected: readonly Expectation[];
}

/** Which expectation was not met, the bytes that show it (offsets in the window, end exclusive), and how. */
export interface Damage {
  readonly index: number;
  readonly start: number;
  readonly end: number;
  readonly how: "differs" | "missing" | "unreadable";
}

/**
 * Reads a window of a bundle into `buffer` and returns everything in it that is not as expected. The bytes of literals came with
 * the task and are given back: of thousands of files they add up.
 */
export function checkWindow(buffer: Uint8Array, { extents, expected }: CheckTask): Damage[] {
  const present = readOrUndefined(extents, buffer);
  // Where one of several files ends early, what the next one has was not read, and is still to be judged.
  const isCut = extents.length > 1 && (present ?? 0) < lengthOfAll(extents);
  const damages = expected.flatMap((expectation, index) => {
    const range =
      present === undefined || isCut
        ? damageAlone(buffer, extents, expectation)
        : damageOf(buffer, present, expectation);
    return range === undefined ? [] : [{ index, ...range }];
  });
  for (const each of expected) if (each.kind === "literal") giveBack(each.bytes);
  return damages;
}

type DamagedRange = Omit<Damage, "index">;

/** Used where not all of a window can be read, to find which expectations can still be judged. */
function damageAlone(
  buffer: Uint8Array,
  window: readonly Extent[],
  expectation: Expectation,
): DamagedRange | undefined {
  const start = expectation.offset;
  const length = lengthOf(expectation);
  const extents = sliceExtents(window, start, length);
  const present = readOrUndefined(extents, buffer.subarray(start, start + length));
  if (present === undefined) return { start, end: start + length, how: "unreadable" };
  return damageOf(buffer, start + present, expectation);
}

/** Undefined where the medium gives a read error, or a part is not here. */
function readOrUndefined(extents: readonly Extent[], buffer: Uint8Array): number | undefined {
  if (extents.some(({ path }) => path === ABSENT)) return undefined;
  try {
    return readExtents(extents, buffer);
  } catch (error) {
    if (hasCode(error, "EIO")) return undefined;
    throw error;
  }
}

function lengthOfAll(extents: readonly Extent[]): number {
  return extents.reduce((sum, { length }) => sum + length, 0);
}

function lengthOf(expectation: Expectation): number {
  return expectation.kind === "literal" ? expectation.bytes.length : expectation.length;
}

function damageOf(
  buffer: Uint8Array,
  present: number,
  expectation: Expectation,
): DamagedRange | undefined {
  const start = expectation.offset;
  const end = start + lengthOf(expectation);
  if (end > present) return { start: Math.max(start, present), end, how: "missing" };
  const bytes = buffer.subarray(start, end);
  const damaged =
    expectation.kind === "literal"
      ? differingRange(bytes, expectation.bytes)
      : memberDamage(bytes, expectation.size, expectation.chunk);
  return damaged && { start: start + damaged[0], end: start + damaged[1], how: "differs" };
}

function differingRange(
  bytes: Uint8Array,
  expected: Uint8Array,
): readonly [number, number] | undefined {
  if (Buffer.compare(bytes, expected) === 0) return undefined;
  let [start, end] = [0, bytes.length];
  while (bytes[start] === expected[start]) start += 1;
  while (bytes[end - 1] === expected[end - 1]) end -= 1;
  return [start, end];
}

function memberDamage(
  member: Uint8Array,
  size: number,
  chunk: PackedChunk,
): readonly [number, number] | undefined {
  const content = contentOf(member, size, chunk);
  const isIntact = content !== undefined && sha256Of(content) === chunk.sha256;
  if (chunk.packed !== undefined) content?.forEach(giveBack);
  if (!isIntact) return [0, member.length];
  return chunk.packed === undefined ? storedFrameDamage(member, size, chunk.crc32) : undefined;
}

/**
 * The content of a chunk's gzip member, in pieces; undefined where a deflated member is not exactly what was packed. Of a
 * stored member only the content is returned, its frame is not looked at.
 */
function contentOf(
  member: Uint8Array,
  size: number,
  chunk: PackedChunk,
): readonly Uint8Array[] | undefined {
  if (chunk.packed === undefined) {
    return storedRuns(size).map(({ memberOffset, length }) =>
      member.subarray(memberOffset, memberOffset + length),
    );
  }
  const packed = member.subarray(MEMBER_HEADER.length, member.length - MEMBER_TRAILER_SIZE);
  const trailer = member.subarray(member.length - MEMBER_TRAILER_SIZE);
  if (Buffer.compare(member.subarray(0, MEMBER_HEADER.length), MEMBER_HEADER) !== 0)
    return undefined;
  if (Buffer.compare(trailer, memberTrailer(chunk.crc32, size)) !== 0) return undefined;
  // Bits after the end of a deflate stream can change without any effect on what it inflates to.
  if (packed.length !== chunk.packed.size || crc32(packed) !== chunk.packed.crc32) return undefined;
  const content = inflate(packed, size);
  return content && [content];
}

function inflate(packed: Uint8Array, size: number): Uint8Array | undefined {
  try {
    const chunkSize = Math.max(constants.Z_MIN_CHUNK, size + 1);
    const content = inflateRawSync(packed, { maxOutputLength: Math.max(1, size), chunkSize });
    return content.length === size ? content : undefined;
  } catch {
    return undefined;
  }
}

function sha256Of(pieces: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
}

export interface OpenTask {
  /** The chunk's member, in as many files as it goes over. */
  readonly extents: readonly Extent[];
  /** Bytes of content. */
  readonly size: number;
  readonly chunk: PackedChunk;
}

/** Where the checked content lies in the buffer, in order; or what is wrong with the member. */
export type OpenResult =
  | { readonly runs: readonly { readonly offset: number; readonly length: number }[] }
  | { readonly damage: Damage };

/** Reads one chunk's member into `buffer`, checks all of it, and leaves the content there. */
export function openChunk(buffer: Uint8Array, { extents, size, chunk }: OpenTask): OpenResult {
  const inflated = chunk.packed && inflateInPlace(buffer, { extents, size, chunk });
  if (inflated !== undefined) return inflated;
  const length = lengthOfAll(extents);
  const expected = { kind: "chunk", offset: 0, length, size, chunk } as const;
  const [damage] = checkWindow(buffer, { extents, expected: [expected] });
  if (damage !== undefined) return { damage };
  if (chunk.packed !== undefined) throw new Error("a chunk does not inflate and has no damage");
  return {
    runs: storedRuns(size).map(({ memberOffset, length }) => ({ offset: memberOffset, length })),
  };
}

/** Undefined where anything is wrong. */
function inflateInPlace(
  buffer: Uint8Array,
  { extents, size, chunk }: OpenTask,
): OpenResult | undefined {
  const length = lengthOfAll(extents);
  if (readOrUndefined(extents, buffer) !== length) return undefined;
  const content = contentOf(buffer.subarray(0, length), size, chunk);
  if (content === undefined || sha256Of(content) !== chunk.sha256) return undefined;
  for (const piece of content) buffer.set(piece, 0);
  content.forEach(giveBack);
  return { runs: [{ offset: 0, length: size }] };
}

import { createHash } from "node:crypto";
import { constants, crc32, deflateRawSync } from "node:zlib";
import { copyBytes } from "../copy-bytes.ts";
import { giveBack } from "../give-back.ts";
import type { Extent, PackedChunk } from "./chunk.ts";
import {
  MEMBER_HEADER,
  type StoredRun,
  crc32Of,
  deflatedMemberSize,
  memberTrailer,
  storedMemberSize,
  storedRuns,
  writeStoredFrame,
} from "./gzip-member.ts";
import { readExtent } from "./read-extent.ts";
import { type SealedDigest, fitsSeal } from "./seal.ts";

/** On the layers of a system image zlib level 4 is 3 % larger than level 6 and nearly twice as fast. */
const DEFLATE_LEVEL = 4;

/**
 * Of a chunk so much is tried, from so many spots, and it must become so small for the whole chunk to be deflated. Of 6.5 GB of
 * programs, libraries and archives as they lie in a system, these leave 0.5 % more than the best choice for each chunk. Eight spots of
 * 2 KiB left 0.6 %, and one that met zeros had a chunk of weights deflated: 0.2 s for nothing, 1 chunk in 70 of some models.
 */
const SPOT_COUNT = 32;
const SPOT_SIZE = 512;
const SAMPLE_WORTHWHILE = 0.95;

/** Its memory is used again: of thousands of small files, what was tried adds up to more than all else. */
const sample = Buffer.alloc(SPOT_COUNT * SPOT_SIZE);

/** So large that it is memory of its own and not part of what Node gives out small buffers from, which cannot be given back. */
const SAMPLE_OUTPUT_SIZE = 65_536;

/** The `code` of the error where a file is shorter than it was. */
export const ENDED_EARLY = "ENDED_EARLY";

/** The `code` of the error where the content is not what was sealed. */
export const SEAL_BROKEN = "SEAL_BROKEN";

export interface PackTask {
  readonly source: Extent | Uint8Array;
  /** Where in the buffer the member begins. */
  readonly at?: number | undefined;
  /** Digests that are taken over where their seal fits, instead of computing them again. */
  readonly sealed?: SealedDigest | undefined;
}

export interface PackResult extends PackedChunk {
  readonly memberSize: number;
}

/**
 * Writes one chunk as a gzip member into `buffer` from `at` on. It is read straight to where a stored member has its content;
 * what a sample says is worth it is deflated.
 */
export function packChunk(buffer: Uint8Array, { source, at = 0, sealed }: PackTask): PackResult {
  const member = buffer.subarray(at);
  const size = source.length;
  const runs = storedRuns(size);
  const places = runs.map(({ memberOffset, length }) =>
    member.subarray(memberOffset, memberOffset + length),
  );
  fill(places, source);
  const digest =
    sealed === undefined
      ? { sha256: sha256Of(places), crc32: crc32Of(places) }
      : unsealed(places, sealed);
  const deflated = isWorthDeflating(places, size) ? deflate(member, runs, size) : undefined;
  if (deflated !== undefined) {
    const packed = { size: deflated.length, crc32: crc32(deflated) };
    const memberSize = writeDeflated(member, deflated, memberTrailer(digest.crc32, size));
    giveBack(deflated);
    return { ...digest, packed, memberSize };
  }
  writeStoredFrame(member, size, digest.crc32);
  return { ...digest, memberSize: storedMemberSize(size) };
}

/** Undefined, and the content where it was, where deflating makes it no smaller. */
function deflate(
  buffer: Uint8Array,
  runs: readonly StoredRun[],
  size: number,
): Uint8Array | undefined {
  for (const { memberOffset, contentOffset, length } of runs)
    buffer.copyWithin(contentOffset, memberOffset, memberOffset + length);
  const deflated = deflateRawSync(buffer.subarray(0, size), {
    level: DEFLATE_LEVEL,
    chunkSize: Math.max(constants.Z_MIN_CHUNK, size),
  });
  if (deflatedMemberSize(deflated.length) < storedMemberSize(size)) return deflated;
  giveBack(deflated);
  for (const { memberOffset, contentOffset, length } of runs.toReversed())
    buffer.copyWithin(memberOffset, contentOffset, contentOffset + length);
  return undefined;
}

function writeDeflated(buffer: Uint8Array, deflated: Uint8Array, trailer: Uint8Array): number {
  buffer.set(MEMBER_HEADER, 0);
  copyBytes(buffer, deflated, MEMBER_HEADER.length);
  buffer.set(trailer, MEMBER_HEADER.length + deflated.length);
  return deflatedMemberSize(deflated.length);
}

function sha256Of(runs: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const run of runs) hash.update(run);
  return hash.digest("hex");
}

function unsealed(
  runs: readonly Uint8Array[],
  sealed: SealedDigest,
): Pick<PackedChunk, "sha256" | "crc32"> {
  if (fitsSeal(runs, sealed)) return { sha256: sealed.sha256, crc32: sealed.seal.crc32 };
  throw Object.assign(new Error("the content is not what was sealed"), { code: SEAL_BROKEN });
}

function fill(runs: readonly Uint8Array[], source: Extent | Uint8Array): void {
  if (source instanceof Uint8Array) {
    let from = 0;
    for (const run of runs) {
      run.set(source.subarray(from, from + run.length));
      from += run.length;
    }
    return;
  }
  const read = readExtent(source, runs);
  if (read < source.length)
    throw Object.assign(new Error(`"${source.path}" ended early while it was packed`), {
      code: ENDED_EARLY,
    });
}

/** Tries a little of many places: a layer of an image has programs here and archives there. */
function isWorthDeflating(places: readonly Uint8Array[], size: number): boolean {
  let length = 0;
  for (const spot of spotsOf(places, size)) {
    sample.set(spot, length);
    length += spot.length;
  }
  const content = sample.subarray(0, length);
  const deflated = deflateRawSync(content, { level: 1, chunkSize: SAMPLE_OUTPUT_SIZE });
  const isWorth = deflated.length < length * SAMPLE_WORTHWHILE;
  giveBack(deflated);
  return isWorth;
}

/** All of what is small enough, else the middle of each of so many parts; each within one run, of which all but the last are equally long. */
function spotsOf(places: readonly Uint8Array[], size: number): Uint8Array[] {
  const [first] = places;
  if (first === undefined || size <= sample.length) return [...places];
  return Array.from({ length: SPOT_COUNT }, (_, index) => {
    const at = Math.floor(((index + 0.5) * size) / SPOT_COUNT - SPOT_SIZE / 2);
    const place = places[Math.floor(at / first.length)] ?? first;
    const start = Math.max(0, Math.min(at % first.length, place.length - SPOT_SIZE));
    return place.subarray(start, start + SPOT_SIZE);
  });
}

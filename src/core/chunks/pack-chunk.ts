import { createHash } from "node:crypto";
import { constants, crc32, deflateRawSync } from "node:zlib";
import { giveBack } from "../give-back.ts";
import type { ChunkDigest, Extent, PackedChunk } from "./chunk.ts";
import {
  MEMBER_HEADER,
  deflatedMemberSize,
  memberTrailer,
  storedMemberSize,
  storedRuns,
  writeStoredFrame,
} from "./gzip-member.ts";
import { readExtent } from "./read-extent.ts";

/** On the layers of a system image zlib level 4 is 3 % larger than level 6 and nearly twice as fast. */
const DEFLATE_LEVEL = 4;

/** How much of a chunk is tried, and how small it must become for the whole chunk to be deflated. */
const SAMPLE_SIZE = 65_536;
const SAMPLE_WORTHWHILE = 0.95;

/** Its memory is used again: of thousands of small files, what was tried adds up to more than all else. */
const sample = Buffer.alloc(SAMPLE_SIZE);

/** The `code` of the error where a file is shorter than it was. */
export const ENDED_EARLY = "ENDED_EARLY";

export interface PackTask {
  readonly source: Extent | Uint8Array;
}

export interface PackResult extends PackedChunk {
  readonly memberSize: number;
}

/**
 * Writes one chunk as a gzip member into `buffer`. What a sample says is not worth deflating is read straight to where a stored
 * member has its content.
 */
export function packChunk(buffer: Uint8Array, { source }: PackTask): PackResult {
  const deflated = isWorthDeflating(source) ? packDeflated(buffer, source) : undefined;
  return deflated ?? packStored(buffer, source);
}

function packStored(buffer: Uint8Array, source: PackTask["source"]): PackResult {
  const size = source.length;
  const runs = storedRuns(size).map((run) =>
    buffer.subarray(run.memberOffset, run.memberOffset + run.length),
  );
  fill(runs, source);
  const digest = digestOf(runs);
  writeStoredFrame(buffer, size, digest.crc32);
  return { ...digest, memberSize: storedMemberSize(size) };
}

/** Undefined where deflating makes it no smaller. */
function packDeflated(buffer: Uint8Array, source: PackTask["source"]): PackResult | undefined {
  const size = source.length;
  const content = buffer.subarray(0, size);
  fill([content], source);
  const packed = deflateRawSync(content, {
    level: DEFLATE_LEVEL,
    chunkSize: Math.max(constants.Z_MIN_CHUNK, size),
  });
  const memberSize = deflatedMemberSize(packed.length);
  if (memberSize >= storedMemberSize(size)) return undefined;
  const result = {
    ...digestOf([content]),
    packed: { size: packed.length, crc32: crc32(packed) },
    memberSize,
  };
  buffer.set(MEMBER_HEADER, 0);
  buffer.set(packed, MEMBER_HEADER.length);
  buffer.set(memberTrailer(result.crc32, size), MEMBER_HEADER.length + packed.length);
  giveBack(packed);
  return result;
}

function digestOf(runs: readonly Uint8Array[]): ChunkDigest {
  const hash = createHash("sha256");
  let crc = 0;
  for (const run of runs) {
    hash.update(run);
    crc = crc32(run, crc);
  }
  return { sha256: hash.digest("hex"), crc32: crc };
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

/** Tries the middle, which for a model is weights and for a system image neither the first nor the last files. */
function isWorthDeflating(source: PackTask["source"]): boolean {
  const length = Math.min(SAMPLE_SIZE, source.length);
  const content = sample.subarray(0, length);
  fill([content], part(source, Math.floor((source.length - length) / 2), length));
  // So large that it is memory of its own and not part of what Node gives out small buffers from, which cannot be given back.
  const deflated = deflateRawSync(content, { level: 1, chunkSize: SAMPLE_SIZE });
  const isWorth = deflated.length < length * SAMPLE_WORTHWHILE;
  giveBack(deflated);
  return isWorth;
}

function part(source: PackTask["source"], start: number, length: number): PackTask["source"] {
  if (source instanceof Uint8Array) return source.subarray(start, start + length);
  return { path: source.path, offset: source.offset + start, length };
}

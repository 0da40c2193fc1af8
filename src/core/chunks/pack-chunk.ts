import { createHash } from "node:crypto";
import { constants, crc32, deflateRawSync } from "node:zlib";
import { CHUNK_SIZE, type Extent, type PackedChunk } from "./chunk.ts";
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

export interface PackTask {
  readonly source: Extent | Uint8Array;
}

export interface PackResult extends PackedChunk {
  readonly memberSize: number;
}

/**
 * Writes one chunk as a gzip member into `buffer`: read straight to where a stored member has its content, and deflated only
 * where that makes it smaller.
 */
export function packChunk(buffer: Uint8Array, { source }: PackTask): PackResult {
  const size = source.length;
  const runs = storedRuns(size).map((run) =>
    buffer.subarray(run.memberOffset, run.memberOffset + run.length),
  );
  fill(runs, source);
  const hash = createHash("sha256");
  let crc = 0;
  for (const run of runs) {
    hash.update(run);
    crc = crc32(run, crc);
  }
  const digest = { sha256: hash.digest("hex"), crc32: crc };
  const packed = isWorthDeflating(runs) ? deflate(runs, size) : undefined;
  if (packed === undefined || deflatedMemberSize(packed.length) >= storedMemberSize(size)) {
    writeStoredFrame(buffer, size, crc);
    return { ...digest, memberSize: storedMemberSize(size) };
  }
  buffer.set(MEMBER_HEADER, 0);
  buffer.set(packed, MEMBER_HEADER.length);
  buffer.set(memberTrailer(crc, size), MEMBER_HEADER.length + packed.length);
  const memberSize = deflatedMemberSize(packed.length);
  return { ...digest, packed: { size: packed.length, crc32: crc32(packed) }, memberSize };
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
    throw new Error(
      `"${source.path}" ended ${source.length - read} bytes early while it was packed`,
    );
}

/** Tries the run in the middle, which for a model is weights and for a system image neither the first nor the last files. */
function isWorthDeflating(runs: readonly Uint8Array[]): boolean {
  const sample = runs[Math.floor(runs.length / 2)]?.subarray(0, SAMPLE_SIZE);
  if (sample === undefined) return false;
  return deflateRawSync(sample, { level: 1 }).length < sample.length * SAMPLE_WORTHWHILE;
}

let scratch: Buffer | undefined;

function deflate(runs: readonly Uint8Array[], size: number): Buffer {
  scratch ??= Buffer.alloc(CHUNK_SIZE);
  let at = 0;
  for (const run of runs) {
    scratch.set(run, at);
    at += run.length;
  }
  const chunkSize = Math.max(constants.Z_MIN_CHUNK, size);
  return deflateRawSync(scratch.subarray(0, size), { level: DEFLATE_LEVEL, chunkSize });
}

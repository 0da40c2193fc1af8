import { crc32 as nextCrc32 } from "node:zlib";

/**
 * Gzip members (RFC 1952) with a fixed header, so that a member's bytes follow from its content alone. A stored member holds
 * deflate stored blocks (RFC 1951 §3.2.4) of 65,535 bytes, the last one shorter; a deflated member holds any deflate stream.
 */
export const MEMBER_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
export const MEMBER_TRAILER_SIZE = 8;

const STORED_BLOCK_MAX = 65_535;
const STORED_BLOCK_HEADER_SIZE = 5;

/** Where a run of a stored member's content lies: in the member, and in the content. */
export interface StoredRun {
  readonly memberOffset: number;
  readonly contentOffset: number;
  readonly length: number;
}

/** Bytes of a stored member with this many bytes of content. */
export function storedMemberSize(contentSize: number): number {
  return (
    MEMBER_HEADER.length +
    storedBlockCount(contentSize) * STORED_BLOCK_HEADER_SIZE +
    contentSize +
    MEMBER_TRAILER_SIZE
  );
}

/** Bytes of content of a stored member of this size, or undefined where no stored member has it. */
export function storedContentSize(memberSize: number): number | undefined {
  const body = memberSize - MEMBER_HEADER.length - MEMBER_TRAILER_SIZE;
  const size =
    body -
    Math.ceil(body / (STORED_BLOCK_MAX + STORED_BLOCK_HEADER_SIZE)) * STORED_BLOCK_HEADER_SIZE;
  return size >= 0 && storedMemberSize(size) === memberSize ? size : undefined;
}

/** Bytes of a deflated member whose deflate stream has this many bytes. */
export function deflatedMemberSize(packedSize: number): number {
  return MEMBER_HEADER.length + packedSize + MEMBER_TRAILER_SIZE;
}

/** The runs of content in a stored member, in order. */
export function storedRuns(contentSize: number): StoredRun[] {
  const runs: StoredRun[] = [];
  let memberOffset = MEMBER_HEADER.length;
  for (let contentOffset = 0; contentOffset < contentSize; contentOffset += STORED_BLOCK_MAX) {
    const length = Math.min(STORED_BLOCK_MAX, contentSize - contentOffset);
    memberOffset += STORED_BLOCK_HEADER_SIZE;
    runs.push({ memberOffset, contentOffset, length });
    memberOffset += length;
  }
  return runs;
}

/** Fills in everything of a stored member but its content. */
export function writeStoredFrame(member: Uint8Array, contentSize: number, crc32: number): void {
  member.set(MEMBER_HEADER, 0);
  const runs = storedRuns(contentSize);
  for (const run of runs)
    writeBlockHeader(member, run, run.contentOffset + run.length === contentSize);
  if (runs.length === 0) writeBlockHeader(member, EMPTY_RUN, true);
  member.set(
    memberTrailer(crc32, contentSize),
    storedMemberSize(contentSize) - MEMBER_TRAILER_SIZE,
  );
}

/** A whole stored member around bytes in memory. */
export function storedMember(content: Uint8Array, crc32: number): Buffer {
  const member = Buffer.alloc(storedMemberSize(content.length));
  for (const { memberOffset, contentOffset, length } of storedRuns(content.length)) {
    member.set(content.subarray(contentOffset, contentOffset + length), memberOffset);
  }
  writeStoredFrame(member, content.length, crc32);
  return member;
}

/** The CRC-32 of bytes that lie in runs. */
export function crc32Of(runs: readonly Uint8Array[]): number {
  return runs.reduce((crc, run) => nextCrc32(run, crc), 0);
}

/** The last eight bytes of a member: CRC-32 and size modulo 2^32 of the content. */
export function memberTrailer(crc32: number, contentSize: number): Buffer {
  const trailer = Buffer.alloc(MEMBER_TRAILER_SIZE);
  trailer.writeUInt32LE(crc32, 0);
  trailer.writeUInt32LE(contentSize % 2 ** 32, 4);
  return trailer;
}

/**
 * Where a stored member's bytes differ from what its content's size and CRC-32 ask for, its content left aside: the range from
 * the first to the last such byte, relative to the member; or undefined.
 */
export function storedFrameDamage(
  member: Uint8Array,
  contentSize: number,
  crc32: number,
): readonly [start: number, end: number] | undefined {
  let start = Infinity;
  let end = 0;
  const compare = (expected: Uint8Array, offset: number): void => {
    for (let i = 0; i < expected.length; i += 1) {
      if (member[offset + i] === expected[i]) continue;
      start = Math.min(start, offset + i);
      end = Math.max(end, offset + i + 1);
    }
  };
  const header = Buffer.alloc(STORED_BLOCK_HEADER_SIZE);
  compare(MEMBER_HEADER, 0);
  for (const run of contentSize === 0 ? [EMPTY_RUN] : storedRuns(contentSize)) {
    const at = run.memberOffset - STORED_BLOCK_HEADER_SIZE;
    writeBlockHeader(
      header,
      { ...run, memberOffset: STORED_BLOCK_HEADER_SIZE },
      run.contentOffset + run.length === contentSize,
    );
    compare(header, at);
  }
  compare(memberTrailer(crc32, contentSize), storedMemberSize(contentSize) - MEMBER_TRAILER_SIZE);
  return end === 0 ? undefined : [start, end];
}

const EMPTY_RUN: StoredRun = {
  memberOffset: MEMBER_HEADER.length + STORED_BLOCK_HEADER_SIZE,
  contentOffset: 0,
  length: 0,
};

function storedBlockCount(contentSize: number): number {
  return Math.max(1, Math.ceil(contentSize / STORED_BLOCK_MAX));
}

function writeBlockHeader(
  member: Uint8Array,
  { memberOffset, length }: StoredRun,
  isLast: boolean,
): void {
  const at = memberOffset - STORED_BLOCK_HEADER_SIZE;
  member[at] = isLast ? 1 : 0;
  member[at + 1] = length & 0xff;
  member[at + 2] = length >> 8;
  member[at + 3] = ~length & 0xff;
  member[at + 4] = (~length >> 8) & 0xff;
}

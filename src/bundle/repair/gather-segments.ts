import { ABSENT, type Extent } from "../../core/chunks/chunk.ts";
import type { ChunkPool, Lease } from "../../core/chunks/pool.ts";
import { type WorkOptions, countBytes } from "../../core/progress.ts";
import type { BundleFile } from "../bundle-file.ts";
import type { ChunkSegment, Layout, Segment } from "../layout.ts";
import { readAhead } from "../read-ahead.ts";

/** What a bundle's bytes are to be had from. */
export interface Copies {
  readonly layout: Layout;
  /** Asked one after another. */
  readonly files: readonly BundleFile[];
  /** What is damaged and to be mended: of a chunk that goes over a border of its parts a piece may be right. */
  readonly damaged?: BundleFile | undefined;
  readonly pool: ChunkPool;
}

/** Segments that are being read and checked at a time. */
const AHEAD = 4;

/** A chunk in more pieces than this many ways is given up: of parts as long as people cut them there are a few dozen. */
const MOST_WAYS = 1024;

/** A segment with its right bytes, which are missing where no copy has them; they are valid until it is disposed. */
export interface GatheredSegment extends Disposable {
  readonly segment: Segment;
  readonly bytes?: Buffer;
}

/** Segments in order: structure is worked out, chunks of files are read from a copy and checked. */
export async function* gatherSegments(
  copies: Copies,
  segments: readonly Segment[],
  { signal, onProgress }: WorkOptions,
): AsyncGenerator<GatheredSegment> {
  const total = segments.reduce((sum, { length }) => sum + length, 0);
  const count = countBytes("bundle", total, onProgress);
  for await (const gathered of readAhead(segments, { ahead: AHEAD, signal }, (each) =>
    gather(copies, each),
  )) {
    count(gathered.segment.length);
    yield gathered;
  }
}

async function gather(copies: Copies, segment: Segment): Promise<GatheredSegment> {
  if (segment.kind === "literal") return { segment, bytes: segment.bytes(), ...NOTHING_HELD };
  const trailing = copies.layout.trailing.find((file) => file === segment.file);
  if (trailing !== undefined)
    return { segment, bytes: trailing.member(segment.index), ...NOTHING_HELD };
  const { pool } = copies;
  const lease = await pool.lease();
  const held = { [Symbol.dispose]: () => lease[Symbol.dispose]() };
  try {
    for (const { extents, file } of waysTo(segment, copies)) {
      if (!(await file.readBy(extents, isRight(segment, { extents, lease, pool })))) continue;
      return { segment, bytes: lease.bytes.subarray(0, segment.length), ...held };
    }
  } catch (error) {
    lease[Symbol.dispose]();
    throw error;
  }
  lease[Symbol.dispose]();
  return { segment, ...NOTHING_HELD };
}

const NOTHING_HELD: Disposable = { [Symbol.dispose]: () => {} };

/** Reads what the extents have into the leased buffer. */
export async function isRight(
  { length, size, chunk }: ChunkSegment,
  {
    extents,
    lease,
    pool,
  }: { readonly extents: readonly Extent[]; readonly lease: Lease; readonly pool: ChunkPool },
): Promise<boolean> {
  const expected = [{ kind: "chunk", offset: 0, length, size, chunk } as const];
  const damages = await pool.run("checkWindow", lease, { extents, expected });
  return damages.length === 0;
}

interface Way {
  readonly extents: readonly Extent[];
  /** One of the copies that it is in. */
  readonly file: BundleFile;
}

/** Each copy alone, and then a chunk that goes over a border of parts in pieces: one part may be right here, the other there. */
function* waysTo({ offset, length }: ChunkSegment, { files, damaged }: Copies): Generator<Way> {
  for (const file of files) yield { extents: file.extents(offset, length), file };
  const all = damaged === undefined ? files : [...files, damaged];
  const [first] = files;
  const cuts = cutsIn(all, offset, length);
  if (first === undefined || cuts.length === 0) return;
  const ends = [...cuts, offset + length];
  const pieces = ends.map((end, index) => {
    const start = ends[index - 1] ?? offset;
    return all
      .map((file) => file.extents(start, end - start))
      .filter((extents) => isThere(extents, end - start));
  });
  let ways = 0;
  for (const extents of combinations(pieces)) {
    if ((ways += 1) > MOST_WAYS) return;
    yield { extents, file: first };
  }
}

function cutsIn(files: readonly BundleFile[], offset: number, length: number): number[] {
  const cuts = files.flatMap((file) => {
    let at = offset;
    return file.extents(offset, length).map((extent) => (at += extent.length));
  });
  return [...new Set(cuts)].filter((cut) => cut < offset + length).toSorted((a, b) => a - b);
}

function isThere(extents: readonly Extent[], length: number): boolean {
  const there = extents.filter(({ path }) => path !== ABSENT);
  return there.reduce((sum, extent) => sum + extent.length, 0) === length;
}

function* combinations(
  pieces: readonly (readonly (readonly Extent[])[])[],
): Generator<readonly Extent[]> {
  const [choices, ...rest] = pieces;
  if (choices === undefined) {
    yield [];
    return;
  }
  for (const following of combinations(rest))
    for (const choice of choices) yield [...choice, ...following];
}

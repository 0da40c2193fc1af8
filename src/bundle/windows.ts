import type { Damage, Expectation } from "../core/chunks/check-chunk.ts";
import { BUFFER_SIZE } from "../core/chunks/pool.ts";
import { type Finding, nameOf, segmentsWith } from "./finding.ts";
import type { LiteralSegment, Segment } from "./layout.ts";

/** Segments that lie together in a bundle and fit one buffer, so that they are read and checked at once. */
export interface Window {
  readonly offset: number;
  readonly length: number;
  readonly segments: readonly Segment[];
}

/** What a worker is told of them is copied to it, and a buffer holds thousands of small files. */
const MAX_SEGMENTS = 512;

/** Cuts segments, in order, into windows. A gap between two segments begins a new one. */
export function* windowsOf(segments: Iterable<Segment>): Generator<Window> {
  let current: Segment[] = [];
  let [offset, length] = [0, 0];
  for (const segment of fitting(segments)) {
    const follows = segment.offset === offset + length;
    const fits = length + segment.length <= BUFFER_SIZE && current.length < MAX_SEGMENTS;
    if (current.length > 0 && !(follows && fits)) {
      yield { offset, length, segments: current };
      current = [];
    }
    if (current.length === 0) [offset, length] = [segment.offset, 0];
    current.push(segment);
    length += segment.length;
  }
  if (current.length > 0) yield { offset, length, segments: current };
}

/** What a worker is to find in a window. */
export function expectationsOf({ offset, segments }: Window): Expectation[] {
  return segments.map((segment) => {
    const at = segment.offset - offset;
    if (segment.kind === "literal") return { kind: "literal", offset: at, bytes: segment.bytes() };
    const { length, size, chunk } = segment;
    return { kind: "chunk", offset: at, length, size, chunk };
  });
}

/** What a worker found wrong in a window, in the words and byte ranges of the bundle. */
export function findingsOf(
  { offset, segments }: Window,
  damages: readonly Damage[],
  owners: ReadonlyMap<string, readonly string[]>,
): Finding[] {
  return damages.flatMap(({ index, start, end, how }) => {
    const segment = segments[index];
    if (segment === undefined) return [];
    return [{ start: offset + start, end: offset + end, what: nameOf(segment, owners), how }];
  });
}

/** The first finding that is about a file that is needed, or about no one file. */
export function neededFinding(
  { segments }: Window,
  findings: readonly Finding[],
  isNeeded: (path: string) => boolean,
): Finding | undefined {
  return findings.find((finding) =>
    segmentsWith([finding], segments).some((segment) => {
      const path = segment.kind === "literal" ? segment.path : segment.file.path;
      return path === undefined || isNeeded(path);
    }),
  );
}

/** Literal bytes that are longer than a buffer, which only a table of contents is, in pieces. */
function* fitting(segments: Iterable<Segment>): Generator<Segment> {
  for (const segment of segments) {
    if (segment.kind === "literal" && segment.length > BUFFER_SIZE) yield* piecesOf(segment);
    else yield segment;
  }
}

function* piecesOf(segment: LiteralSegment): Generator<LiteralSegment> {
  const { kind, what } = segment;
  const all = segment.bytes();
  for (let at = 0; at < all.length; at += BUFFER_SIZE) {
    const piece = all.subarray(at, at + BUFFER_SIZE);
    // A copy: with a view all of its memory would go to the worker.
    const bytes = (): Buffer => Buffer.from(piece);
    yield { kind, what, offset: segment.offset + at, length: piece.length, bytes };
  }
}

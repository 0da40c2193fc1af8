import { formatCount } from "../core/format-count.ts";
import type { Segment } from "./layout.ts";

/** Something in a bundle that is not as it must be. Byte ranges are of the bundle file, `end` exclusive. */
export interface Finding {
  readonly start: number;
  readonly end: number;
  /** The path of the damaged file in the bundle, or what a person calls the structure. */
  readonly what: string;
  readonly how: "differs" | "missing" | "unreadable" | "surplus";
  /** What it says that cannot be, where it can be read: a sentence. */
  readonly why?: string | undefined;
}

/** What a person calls a segment: `"models/blobs/…" of registry.ollama.ai/library/tiny:latest`, `table of contents`. */
export function nameOf(segment: Segment, owners: ReadonlyMap<string, readonly string[]>): string {
  if (segment.kind === "literal") return segment.what;
  const of = owners.get(segment.file.path);
  return `"${segment.file.path}"${of === undefined ? "" : ` of ${of.slice(0, 3).join(", ")}`}`;
}

/** Findings in order, those that touch and are about the same thing as one. */
export function mergeFindings(findings: readonly Finding[]): Finding[] {
  const merged: Finding[] = [];
  for (const finding of findings.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    const isSame =
      last !== undefined &&
      last.what === finding.what &&
      last.how === finding.how &&
      finding.start <= last.end;
    if (isSame) merged[merged.length - 1] = { ...last, end: Math.max(last.end, finding.end) };
    else merged.push(finding);
  }
  return merged;
}

/** A finding in words: `"models/blobs/…" differs (bytes 1,024 to 9,412,671)`. */
export function describeFinding(finding: Finding): string {
  const { what, how, why } = finding;
  const verb = {
    differs: "is damaged",
    missing: "is missing",
    unreadable: "cannot be read",
    surplus: "does not belong there",
  };
  return `${why ?? `${what} ${verb[how]}`} (${describeRange(finding)})`;
}

/** `bytes 1,024 to 9,412,671` */
export function describeRange({ start, end }: Pick<Finding, "start" | "end">): string {
  return `bytes ${formatCount(start)} to ${formatCount(end - 1)}`;
}

/** The segments that findings are about; both in order. */
export function segmentsWith(
  findings: readonly Finding[],
  segments: readonly Segment[],
): Segment[] {
  const sorted = findings.toSorted((a, b) => a.start - b.start);
  let next = 0;
  return segments.filter(({ offset, length }) => {
    while ((sorted[next]?.end ?? Infinity) <= offset) next += 1;
    return length > 0 && (sorted[next]?.start ?? Infinity) < offset + length;
  });
}

import type { WorkOptions } from "../../core/progress.ts";
import { type Finding, mergeFindings, nameOf } from "../finding.ts";
import { judgeParts } from "../parts/judge-parts.ts";
import type { BundleCopy } from "./known-bundle.ts";
import type { Segment } from "../layout.ts";
import { ownersOf } from "../owners.ts";
import { placesOf } from "../parts/part-places.ts";
import type { Mended, Repair } from "./mended.ts";

/** What is to be said of segments that no copy has: whose they are, and the fewest parts of the damaged bundle that bring them. */
export async function unmended(
  repair: Repair,
  segments: readonly Segment[],
  options: WorkOptions,
): Promise<Mended> {
  const findings = findingsAbout(segments, repair);
  const nothing = { mended: [], unmended: findings, written: 0 };
  const { damaged, others, layout } = repair;
  if (damaged.place.kind === "file") return nothing;
  const proven: Range[] = [];
  for (const copy of [damaged, ...others])
    proven.push(...(await provenIn(copy, { findings, repair, options })));
  const partsToBring = placesOf(damaged.place, layout.size).flatMap(({ part, start, end }) => {
    const needed = findings.flatMap((finding) => overlap(finding, { start, end }));
    return needed.every((range) => isCovered(range, proven)) ? [] : [part.name];
  });
  return { ...nothing, partsToBring };
}

type Range = Pick<Finding, "start" | "end">;

/** Which parts of a copy that chunks go over are right by their own sums: only what lies beside them is to be brought. */
async function provenIn(
  { place }: BundleCopy,
  {
    findings,
    repair: { layout, pool },
    options,
  }: {
    readonly findings: readonly Finding[];
    readonly repair: Repair;
    readonly options: WorkOptions;
  },
): Promise<Range[]> {
  if (place.kind === "file") return [];
  const { parts } = await judgeParts(place, { findings, layout }, { ...options, pool });
  return placesOf(place, layout.size).filter((_, index) => parts[index]?.verdict === "fine");
}

function isCovered({ start, end }: Range, ranges: readonly Range[]): boolean {
  let covered = start;
  for (const range of ranges.toSorted((a, b) => a.start - b.start))
    if (range.start <= covered) covered = Math.max(covered, range.end);
  return covered >= end;
}

function overlap(a: Range, b: Range): Range[] {
  const [start, end] = [Math.max(a.start, b.start), Math.min(a.end, b.end)];
  return start < end ? [{ start, end }] : [];
}

function findingsAbout(segments: readonly Segment[], { manifest }: Repair): Finding[] {
  const owners = ownersOf(manifest);
  return mergeFindings(
    segments.map((segment) => ({
      start: segment.offset,
      end: segment.offset + segment.length,
      what: nameOf(segment, owners),
      how: "differs",
    })),
  );
}

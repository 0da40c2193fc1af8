import type { WorkOptions } from "../core/progress.ts";
import type { Finding } from "./finding.ts";
import { judgeParts } from "./judge-parts.ts";
import type { Segment } from "./layout.ts";
import { placesOf } from "./part-places.ts";
import { type Mended, type Repair, findingsAbout } from "./repair.ts";

/** What is to be said of segments that no copy has: whose they are, and which parts of the damaged bundle would bring them. */
export async function unmended(
  repair: Repair,
  segments: readonly Segment[],
  options: WorkOptions,
): Promise<Mended> {
  const findings = findingsAbout(segments, repair);
  const nothing = { mended: [], unmended: findings, written: 0 };
  const { place } = repair.damaged;
  if (place.kind === "file") return nothing;
  const { layout, pool } = repair;
  const judged = await judgeParts(place, { findings, layout }, { ...options, pool });
  const partsToBring = placesOf(place, layout.size).flatMap(({ part, start, end }, index) => {
    const isWhole = judged[index]?.verdict === "fine";
    return !isWhole && touches(findings, start, end) ? [part.name] : [];
  });
  return { ...nothing, partsToBring };
}

function touches(findings: readonly Finding[], start: number, end: number): boolean {
  return findings.some((finding) => finding.start < end && finding.end > start);
}

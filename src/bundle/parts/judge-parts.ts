import { basename } from "node:path";
import type { ChunkPool } from "../../core/chunks/pool.ts";
import type { WorkOptions } from "../../core/progress.ts";
import type { Finding } from "../finding.ts";
import type { JudgedPart, Verdict } from "./judged-part.ts";
import type { Layout, Segment } from "../layout.ts";
import { partDigest } from "./part-digest.ts";
import { type PlacedPart, placesOf } from "./part-places.ts";
import type { FoundFile, Part, PartSet } from "./part-set.ts";
import { MAX_PARTS, partName } from "./part-names.ts";

/** What was found in the bundle that the parts make. */
export interface FoundInBundle {
  /** In order; byte ranges of the bundle. */
  readonly findings: readonly Finding[];
  /** Missing where the end of the bundle could not be read, so that the rest was not looked at. */
  readonly layout?: Layout | undefined;
}

export interface JudgedParts {
  readonly parts: readonly JudgedPart[];
  /** Whether there may be more of them: the last one named is missing, and it may not be the only one. */
  readonly mayBeMore: boolean;
}

/**
 * Says of each part whether it is as it must be. What was found in the bundle tells which parts may be wrong: a chunk lies in
 * two parts or more where it goes over a border, and then each part's own sum tells which of them is to blame.
 */
export async function judgeParts(
  set: PartSet,
  found: FoundInBundle,
  { pool, ...work }: WorkOptions & { readonly pool: ChunkPool },
): Promise<JudgedParts> {
  const parts: JudgedPart[] = [];
  const places = placesOf(set, found.layout?.size);
  const mayBeMore = found.layout === undefined && lacksItsEnd(set);
  for (const placed of places) {
    const { part, start, end } = placed;
    // That the end is missing says nothing of what is not the end.
    const isJudged = found.layout !== undefined || (placed === places.at(-1) && !mayBeMore);
    const told = isJudged && part.file?.size !== 0 ? found.findings : [];
    const findings = told.flatMap((finding) => clipped(finding, start, end));
    const sum = (file = part.file): Promise<Sum> => sumOf(part, file, { ...work, pool });
    const verdict = await verdictOn(placed, { ...found, own: findings, sum });
    parts.push({
      number: parts.length + 1,
      name: part.name,
      path: part.file?.path,
      verdict,
      findings: toldOf(verdict, findings),
      betterCopy: verdict === "fine" ? undefined : await betterCopyOf(part, sum),
    });
  }
  const name = partName(basename(set.path), parts.length + 1);
  if (mayBeMore) parts.push({ number: parts.length + 1, name, verdict: "missing", findings: [] });
  const judged = found.layout === undefined ? parts : withBlame(parts, places, found.findings);
  return { parts: judged, mayBeMore };
}

/** Whether nothing tells how many parts there are, and the last that is here is as long as all others. */
function lacksItsEnd({ sidecar, parts }: PartSet): boolean {
  const [last] = parts.slice(-1);
  if (sidecar !== undefined || last === undefined || last.sha256 !== undefined) return false;
  if (last.bytes === 0 || parts.length === MAX_PARTS) return false;
  return last.bytes >= (parts[0]?.bytes ?? 0);
}

/** Another file with the part's name that is what the list says. */
async function betterCopyOf(
  { spares = [] }: Part,
  sum: (file: FoundFile) => Promise<Sum>,
): Promise<string | undefined> {
  for (const file of spares) if ((await sum(file)) === "same") return file.path;
  return undefined;
}

const GUILTY: ReadonlySet<Verdict> = new Set(["missing", "other", "too long", "too short"]);

interface Evidence extends FoundInBundle {
  /** What of the findings lies in the part. */
  readonly own: readonly Finding[];
  /** How the part compares with the sum that the sidecar says. */
  readonly sum: () => Promise<Sum>;
}

async function verdictOn(
  placed: PlacedPart,
  { layout, findings, own, sum }: Evidence,
): Promise<Verdict> {
  const { bytes, file, isOther } = placed.part;
  if (file === undefined) return "missing";
  if (file.size === 0) return "too short";
  const isLookedAt = layout !== undefined;
  const excess = file.size - bytes;
  if (excess === 0 && isLookedAt && own.length === 0) return "fine";
  const summed = excess === 0 ? await sum() : "unknown";
  if (summed === "same") return "fine";
  if (isOther ?? isWrongAllOver(placed, layout?.segments, findings)) return "other";
  if (excess !== 0) return excess < 0 ? "too short" : "too long";
  if (summed !== "unknown") return summed;
  if (own.length === 0) return "unknown";
  return own.every(({ how }) => how === "unreadable") ? "unreadable" : "damaged";
}

/** Chunks that could not be read since they go over into a part that is not there are not what is damaged, if anything else is. */
function toldOf(verdict: Verdict, findings: readonly Finding[]): readonly Finding[] {
  if (verdict === "fine" || verdict === "missing") return [];
  if (verdict !== "damaged") return findings;
  const damaged = findings.filter(({ how }) => how !== "unreadable");
  return damaged.length > 0 ? damaged : findings.map((each) => ({ ...each, how: "differs" }));
}

type Sum = "same" | "damaged" | "unreadable" | "unknown";

async function sumOf(
  { sha256 }: Part,
  file: FoundFile | undefined,
  { pool, ...work }: WorkOptions & { readonly pool: ChunkPool },
): Promise<Sum> {
  if (file === undefined || sha256 === undefined) return "unknown";
  const digest = await partDigest(file, pool, work);
  if (digest === undefined) return "unreadable";
  return digest === sha256 ? "same" : "damaged";
}

/** Of several members that lie wholly in it, not one is right: so it is without a sidecar that tells what it is. */
function isWrongAllOver(
  { start, end }: PlacedPart,
  segments: readonly Segment[] = [],
  findings: readonly Finding[],
): boolean {
  const own = segments.filter(
    ({ offset, length }) => offset >= start && offset + length <= end && length > 0,
  );
  return own.length > 1 && own.every(({ offset, length }) => clipsAny(findings, offset, length));
}

function clipsAny(findings: readonly Finding[], offset: number, length: number): boolean {
  return findings.some((finding) => clipped(finding, offset, offset + length).length > 0);
}

/**
 * Without sums, damage that a part shares with one that is certainly wrong is not called its own: what of a chunk lies in the
 * one cannot be judged without what lies in the other.
 */
function withBlame(
  judged: readonly JudgedPart[],
  places: readonly PlacedPart[],
  findings: readonly Finding[],
): JudgedPart[] {
  const guilty = places.filter((_, index) => GUILTY.has(judged[index]?.verdict ?? "fine"));
  const isShared = (finding: Finding): boolean =>
    guilty.some(({ start, end }) => clipped(finding, start, end).length > 0);
  return judged.map((part, index) => {
    const { part: { sha256 } = {}, start = 0, end = 0 } = places[index] ?? {};
    if (sha256 !== undefined || !["damaged", "unreadable"].includes(part.verdict)) return part;
    const own = findings.filter((finding) => clipped(finding, start, end).length > 0);
    return own.every(isShared) ? { ...part, verdict: "unknown" } : part;
  });
}

/** What of a finding lies between two places, counted from the first of them. */
function clipped(finding: Finding, start: number, end: number): Finding[] {
  const [from, to] = [Math.max(finding.start, start), Math.min(finding.end, end)];
  return from < to ? [{ ...finding, start: from - start, end: to - start }] : [];
}

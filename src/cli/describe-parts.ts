import { basename } from "node:path";
import { describeFinding } from "../bundle/finding.ts";
import type { JudgedPart, Verdict } from "../bundle/parts/judged-part.ts";
import { type SidecarFlaw, describeFlaw } from "../bundle/parts/sidecar-flaw.ts";
import { BundleError } from "../core/errors.ts";
import type { VerifyReport } from "../verify-bundle.ts";
import { printableLine } from "./printable.ts";

const WORDS: Readonly<Record<Verdict, string>> = {
  fine: "fine",
  damaged: "damaged",
  unreadable: "not readable",
  missing: "not here",
  other: "of another bundle",
  "too long": "too long",
  "too short": "too short",
  unknown: "not wholly to be judged without the others",
};

/** A line for every part that is not fine and under its name, with what is wrong in it. */
export function describeParts(parts: readonly JudgedPart[]): string[] {
  return parts.flatMap((part) => {
    const { number, name, path, verdict, findings, betterCopy } = part;
    const isRenamed = path !== undefined && basename(path) !== name;
    if (verdict === "missing" || (verdict === "fine" && !isRenamed)) return [];
    const called = isRenamed ? `, and is called "${basename(path)}" here` : "";
    const head = `part ${number} of ${parts.length} (${name}) is ${WORDS[verdict]}${called}`;
    const shown = verdict === "other" ? [] : findings;
    return [
      printableLine(head),
      ...shown.map((found) => `  ${printableLine(describeFinding(found))} of the part`),
      ...(betterCopy === undefined ? [] : [printableLine(`  ${betterCopy} is fine`)]),
    ];
  });
}

/** A line for every list of parts that was left aside. */
export function describeSidecarFlaws(flaws: readonly SidecarFlaw[]): string[] {
  return flaws.map((flaw) => printableLine(describeFlaw(flaw)));
}

/** The error for parts of which not all are fine. */
export function unacceptableParts(
  { path, parts = [], mayBeMore = false }: Pick<VerifyReport, "path" | "parts" | "mayBeMore">,
  bundle: string | undefined,
): BundleError {
  const called = bundle === undefined ? "" : `, bundle ${bundle}`;
  const wrong = parts.filter(({ verdict }) => verdict !== "fine");
  const isOnlyMissing = wrong.every(({ verdict }) => verdict === "missing");
  return new BundleError(
    isOnlyMissing ? "INCOMPLETE" : "DAMAGED",
    `Cannot use "${path}"${called}: ${summaryOf(parts, mayBeMore)}`,
    { hint: hintFor(wrong) },
  );
}

/** Parts that only cannot be judged may be fine. */
function hintFor(wrong: readonly JudgedPart[]): string {
  const better = wrong.filter(({ betterCopy }) => betterCopy !== undefined);
  const others = wrong.filter(({ betterCopy }) => betterCopy === undefined);
  const certain = others.filter(({ verdict }) => verdict !== "unknown");
  const names = (certain.length > 0 ? certain : others).map(({ name }) => name);
  const list = names.length > 10 ? [...names.slice(0, 10), "…"] : names;
  const remove = better.map(({ path = "" }) => path).slice(0, 10);
  return [
    remove.length > 0 && `Remove these, of which another copy is fine: ${remove.join(", ")}`,
    list.length > 0 &&
      `Bring these again, or name the directories that have them too: ${list.join(", ")}`,
  ]
    .filter((line) => line !== false)
    .join(". ");
}

/** `of 7 parts 1 and 3 are fine, 4 to 6 are not here, 2 is damaged` */
function summaryOf(parts: readonly JudgedPart[], mayBeMore: boolean): string {
  const byVerdict = Map.groupBy(parts, ({ verdict }) => verdict);
  const groups = [...byVerdict].map(([verdict, group]) => {
    const numbers = group.map(({ number }) => number);
    return `${inWords(numbers)} ${numbers.length === 1 ? "is" : "are"} ${WORDS[verdict]}`;
  });
  return `of ${parts.length}${mayBeMore ? " or more" : ""} parts ${groups.join(", ")}`;
}

/** `1`, `1 and 3`, `1, 3 and 5 to 7`; numbers in order. */
export function inWords(numbers: readonly number[]): string {
  const runs: { first: number; last: number }[] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run?.last === number - 1) run.last = number;
    else runs.push({ first: number, last: number });
  }
  const words = runs.flatMap(({ first, last }) => {
    if (first === last) return [String(first)];
    return last === first + 1 ? [String(first), String(last)] : [`${first} to ${last}`];
  });
  const head = words.slice(0, -1).join(", ");
  return head === "" ? (words[0] ?? "") : `${head} and ${words.at(-1)}`;
}

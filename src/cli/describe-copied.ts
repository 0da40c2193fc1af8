import { PART_SUFFIX } from "../bundle/parts/part-names.ts";
import type { CopyReport, FilledMedium } from "../copy-bundle.ts";
import { inWords } from "./describe-parts.ts";
import { formatExactBytes } from "./format.ts";
import { printableLine } from "./printable.ts";

/** What is on the media now, what is not, and what to do about it. */
export function describeCopied(report: CopyReport, typedName: string): string {
  const { media, left, absent } = report;
  const lines = [...media.flatMap(describeMedium), ...describeEarlier(report)];
  if (left.length > 0)
    lines.push(
      `Still to be copied: ${listed(left)}. Put in the next medium, mount it, and type the same again.`,
    );
  if (absent.length > 0) lines.push(`Neither here nor there: ${listed(absent)}`);
  if (left.length === 0 && absent.length === 0)
    lines.push(`All of it is copied. On the other side, type: ${typedName} verify DIRECTORY…`);
  return lines.map(printableLine).join("\n");
}

function describeMedium({ directory, copied, found, written, isDirect }: FilledMedium): string[] {
  const lines = found.length > 0 ? [`Found whole in ${directory}: ${listed(found)}`] : [];
  if (copied.length === 0) return lines;
  const how = isDirect ? "read back from the medium" : "read back, perhaps from memory";
  const bytes = formatExactBytes(written);
  return [...lines, `Copied to ${directory}: ${listed(copied)} (${bytes} written, and ${how})`];
}

function describeEarlier({ earlier }: CopyReport): string[] {
  const groups = Map.groupBy(earlier, ({ to, at }) => `to ${to} at ${at.slice(0, 19)} UTC`);
  return [...groups].map(
    ([where, copies]) => `Copied earlier, ${where}: ${listed(copies.map(({ name }) => name))}`,
  );
}

/** `parts 1 to 3 of bundle.tar.gz, bundle.tar.gz.sha256` */
function listed(names: readonly string[]): string {
  const parts = names.filter((name) => PART_SUFFIX.test(name));
  const others = names.filter((name) => !PART_SUFFIX.test(name));
  const [first] = parts;
  if (first === undefined) return others.join(", ");
  const numbers = parts.map((name) => Number(name.slice(-3)));
  const which = `${numbers.length === 1 ? "part" : "parts"} ${inWords(numbers)}`;
  return [`${which} of ${first.replace(PART_SUFFIX, "")}`, ...others].join(", ");
}

import { type Finding, describeRange } from "../bundle/finding.ts";
import { shortId } from "../core/short-id.ts";
import { BundleError } from "../core/errors.ts";
import type { RepairReport } from "../bundle/repair/repair.ts";
import { type Failure, failureOf } from "./failure.ts";
import { formatExactBytes } from "./format.ts";
import { printableLine } from "./printable.ts";
import { writtenFiles } from "./written-files.ts";

const MOST_LINES = 20;

/** What was mended, or could not be. */
export function describeRepair(report: RepairReport): string {
  const { path, name, id, mended, unmended, written, read, output } = report;
  if (unmended.length > 0) return listed(unmended).join("\n");
  const bundle = `bundle ${name} ${shortId(id)}`;
  const counts = `${formatExactBytes(written)} written, ${formatExactBytes(read)} read from other copies`;
  if (output !== undefined) {
    const files = writtenFiles(output).map((file) => `  ${printableLine(file)}`);
    return [`A whole copy of ${bundle} is written: ${counts}`, ...files].join("\n");
  }
  if (mended.length === 0)
    return printableLine(`${path} is whole, ${bundle}: there is nothing to mend`);
  return [printableLine(`${path} is mended, ${bundle}: ${counts}`), ...listed(mended)].join("\n");
}

/** Why it is not mended, where it is not. */
export function failureOfRepair(report: RepairReport): Failure | undefined {
  const { path, name, id, unmended, partsToBring = [] } = report;
  const [first] = unmended;
  if (first === undefined) return undefined;
  const more = unmended.length === 1 ? "" : `, nor ${unmended.length - 1} more`;
  return failureOf(
    new BundleError(
      "DAMAGED",
      `Cannot repair "${path}", bundle ${name} (${shortId(id)}): no copy has ${inWords(first)} as it must be${more}; nothing was written`,
      {
        hint:
          partsToBring.length > 0
            ? `Bring these again, or name another copy with --from: ${partsToBring.join(", ")}`
            : "Name another copy of the bundle with --from.",
      },
    ),
  );
}

function listed(findings: readonly Finding[]): string[] {
  const lines = findings.slice(0, MOST_LINES).map((found) => `  ${printableLine(inWords(found))}`);
  const more = findings.length - lines.length;
  return more === 0 ? lines : [...lines, `  … and ${more} more`];
}

function inWords(finding: Finding): string {
  return `${finding.what} (${describeRange(finding)})`;
}

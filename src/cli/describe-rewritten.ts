import { shortId } from "../core/short-id.ts";
import type { RewriteReport } from "../rewrite-bundle.ts";
import { formatExactBytes } from "./format.ts";
import { printableLine } from "./printable.ts";
import { writtenFiles } from "./written-files.ts";

/** Which files were written. */
export function describeRewritten(report: RewriteReport): string {
  const { name, id, size, sha256 } = report;
  return [
    `Bundle ${name} ${shortId(id)} is written: ${formatExactBytes(size)}, sha256 ${sha256}`,
    ...writtenFiles(report).map((file) => `  ${printableLine(file)}`),
  ].join("\n");
}

import { BundleError } from "../core/errors.ts";
import { type Finding, describeFinding } from "./finding.ts";

/** A bundle that is damaged, with everything that was found. */
export class DamagedBundleError extends BundleError {
  readonly findings: readonly Finding[];

  constructor(message: string, findings: readonly Finding[]) {
    const isContradictory = findings.some(({ why }) => why !== undefined);
    super("DAMAGED", message, {
      hint: isContradictory
        ? "Copy the bundle again; if that does not help, create it again."
        : "Copy the bundle again, and run `bundle verify` to see everything that is damaged.",
    });
    this.findings = findings;
  }
}

/**
 * The error for a bundle with these findings; the message tells the first. `name` is what the bundle calls itself, `parts` are
 * those that the first lies in, of a bundle in parts.
 */
export function damagedBundle(
  path: string,
  findings: readonly Finding[],
  {
    name,
    parts = [],
  }: { readonly name?: string | undefined; readonly parts?: readonly string[] } = {},
): DamagedBundleError {
  const called = name === undefined ? "" : `, bundle ${name}`;
  const [first] = findings;
  const where = parts.length === 0 ? "" : `, in ${parts.join(", ")}`;
  return new DamagedBundleError(
    `Cannot use "${path}"${called}: ${first === undefined ? "" : describeFinding(first)}${where}`,
    findings,
  );
}

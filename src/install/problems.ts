import { HostError } from "../core/errors.ts";

/** Throws one {@link HostError} for everything that is in the way; each problem's message says what is wrong, and stands alone. */
export function refuseIfAny(bundle: string, problems: readonly HostError[]): void {
  const [first, ...more] = problems;
  if (first === undefined) return;
  const what = `Cannot install "${bundle}"`;
  const hints = problems.flatMap(({ hint }) => hint ?? []);
  const message =
    more.length === 0
      ? `${what}: ${first.message}`
      : [`${what}:`, ...problems.map((problem) => `- ${problem.message}`)].join("\n");
  throw new HostError(first.code, message, { hint: hints.join("\n"), cause: first });
}

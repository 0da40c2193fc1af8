import { DamagedBundleError } from "../bundle/damaged-bundle-error.ts";
import { HostError, OllamaBundleError, hasCode, messageOf } from "../core/errors.ts";
import { UnhealthyError } from "../health/unhealthy-error.ts";
import { describeHealth } from "./describe-health.ts";

/** How a command ended that did not end well, for whoever prints it. */
export interface Failure {
  readonly exitCode: number;
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
}

export const INTERRUPTED: Failure = {
  exitCode: 130,
  code: "INTERRUPTED",
  message: "Interrupted",
  hint: undefined,
};

/** An error that this tool did not raise on purpose is a fault of its own, unless this host has too little of something. */
export function failureOf(error: unknown): Failure {
  const known = error instanceof OllamaBundleError ? error : limitReached(error);
  if (known !== undefined) {
    const { exitCode, code, message, hint } = known;
    return { exitCode, code, message, hint };
  }
  return {
    exitCode: 1,
    code: "UNEXPECTED",
    message: `Unexpected: ${messageOf(error)}`,
    hint: "This is a fault of ollama-bundle. Run it again with --log FILE and report what that says.",
  };
}

/** What a user may have too few of, which any call can meet. */
function limitReached(error: unknown): HostError | undefined {
  const tooFew = (what: string, limit: string): HostError =>
    new HostError("IO", `Cannot work here: this host allows no more ${what}: ${messageOf(error)}`, {
      hint: `Raise that limit (\`${limit}\` shows it), and run this again.`,
      cause: error,
    });
  if (hasCode(error, "EMFILE")) return tooFew("open files", "ulimit -n");
  if (hasCode(error, "EAGAIN", "ERR_WORKER_INIT_FAILED"))
    return tooFew("threads and processes", "ulimit -u");
  return undefined;
}

/** What the work ended with, where giving back what it held failed too. By its name: an older Node has no class for it. */
export function originOf(error: unknown): unknown {
  const isSuppressing =
    error instanceof Error && error.name === "SuppressedError" && "suppressed" in error;
  return isSuppressing ? originOf(error.suppressed) : error;
}

/** What an error carries beside its message, for people and for programs. */
export function reportOf(error: unknown): { readonly text: string; readonly json: object } {
  if (error instanceof UnhealthyError) {
    return { text: describeHealth(error.report), json: { health: error.report } };
  }
  if (error instanceof DamagedBundleError) return { text: "", json: { findings: error.findings } };
  return { text: "", json: {} };
}

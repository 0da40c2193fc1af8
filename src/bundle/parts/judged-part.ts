import type { Finding } from "../finding.ts";

/**
 * - `fine`: it is the part, whole.
 * - `other`: it is of another bundle, or another part, or overwritten all over.
 * - `unknown`: there is nothing to judge it by, or not for all of it.
 */
export type Verdict =
  | "fine"
  | "damaged"
  | "unreadable"
  | "missing"
  | "other"
  | "too long"
  | "too short"
  | "unknown";

/** What is to be said of one part. */
export interface JudgedPart {
  /** From 1. */
  readonly number: number;
  /** What it must be called. */
  readonly name: string;
  /** The file that it is; missing where there is none. */
  readonly path?: string | undefined;
  readonly verdict: Verdict;
  /** What in it is wrong, as far as that is known: byte ranges of the part, and whose bytes they are. */
  readonly findings: readonly Finding[];
  /** Another file with this part's name that is fine, in another directory. */
  readonly betterCopy?: string | undefined;
}

import type { Step } from "./measure.ts";

/** A command of ours, and what people would use in its place. */
export interface Comparison {
  readonly ours: Step;
  readonly yardsticks: readonly Yardstick[];
}

export interface Yardstick extends Step {
  readonly targets?: readonly Target[];
}

/** What is promised of ours beside a yardstick's. */
export interface Target {
  readonly of: "seconds" | "written" | "diskPeak";
  readonly is: "at most" | "faster" | "within";
  /** Ours by theirs at most, theirs by ours at least, or ours at most. */
  readonly bound: number;
}

export function atMost(bound: number, of: Target["of"] = "seconds"): Target {
  return { of, is: "at most", bound };
}

export function faster(bound: number): Target {
  return { of: "seconds", is: "faster", bound };
}

/** Whatever the yardstick takes. */
export function within(seconds: number): Target {
  return { of: "seconds", is: "within", bound: seconds };
}

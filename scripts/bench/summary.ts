import type { Comparison, Target } from "./comparison.ts";
import type { Sample, Step } from "./measure.ts";

/** What was measured of each step that ended well at least once, in the order of the rounds. */
export type Samples = ReadonlyMap<Step, readonly Sample[]>;

/** Something of ours beside the same of a yardstick. */
export interface Row {
  readonly measure: string;
  readonly yardstick: string;
  readonly of: Target["of"];
  readonly ours: number;
  readonly theirs: number;
  /** Missing where nothing is promised. */
  readonly target?: Target;
  readonly holds?: boolean;
}

/** What is promised, beside the medians of what was measured. */
export function compareMedians(comparisons: readonly Comparison[], samples: Samples): Row[] {
  return comparisons.flatMap(({ ours, yardsticks }) =>
    yardsticks.flatMap((yardstick) => {
      const [taken, other] = [samples.get(ours), samples.get(yardstick)];
      if (taken === undefined || other === undefined) return [];
      const names = { measure: ours.name, yardstick: yardstick.name };
      const [mine, its] = [mediansOf(taken), mediansOf(other)];
      const { targets = [undefined] } = yardstick;
      return targets.map((target) => {
        const { of } = target ?? { of: "seconds" as const };
        const row = { ...names, of, ours: mine[of] ?? NaN, theirs: its[of] ?? NaN };
        return target === undefined ? row : { ...row, target, holds: holds(row, target) };
      });
    }),
  );
}

/** Each number is the median of that number. */
export function mediansOf(samples: readonly Sample[]): Sample {
  const medianOf = (key: keyof Sample): number | undefined =>
    median(samples.map((sample) => sample[key]).filter((value) => value !== undefined));
  return {
    seconds: medianOf("seconds") ?? NaN,
    healthSeconds: medianOf("healthSeconds"),
    peakMemory: medianOf("peakMemory"),
    written: medianOf("written"),
    diskPeak: medianOf("diskPeak") ?? NaN,
    diskKept: medianOf("diskKept") ?? NaN,
    diskLeft: medianOf("diskLeft") ?? NaN,
  };
}

function holds({ ours, theirs }: Row, { is, bound }: Target): boolean {
  if (is === "within") return ours <= bound;
  return is === "at most" ? ours / theirs <= bound : theirs / ours >= bound;
}

/** Undefined of nothing. */
function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

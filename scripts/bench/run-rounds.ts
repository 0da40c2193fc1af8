import type { Comparison } from "./comparison.ts";
import { type Sample, type Step, type Surroundings, measure } from "./measure.ts";
import type { Samples } from "./summary.ts";

export interface RoundsOptions {
  readonly rounds: number;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

/** Runs every measure and, right after it, its yardsticks; then all of them again. What fails is said, and left out. */
export async function runRounds(
  comparisons: readonly Comparison[],
  surroundings: Surroundings,
  { rounds, signal, onProgress }: RoundsOptions,
): Promise<Samples> {
  const steps = comparisons.flatMap(({ ours, yardsticks }) => [ours, ...yardsticks]);
  const samples = new Map<Step, readonly Sample[]>();
  for (let round = 1; round <= rounds; round += 1) {
    for (const step of steps) {
      signal.throwIfAborted();
      const title = `round ${round} of ${rounds}: ${step.name}`;
      try {
        const sample = await measure(step, surroundings);
        samples.set(step, [...(samples.get(step) ?? []), sample]);
        onProgress(`${title}: ${sample.seconds.toFixed(2)} s`);
      } catch (error) {
        onProgress(`${title}: LEFT OUT: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  return samples;
}

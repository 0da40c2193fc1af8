import { expect, test } from "vitest";
import { type Target, atMost, faster, within } from "../../../scripts/bench/comparison.ts";
import type { Sample, Step } from "../../../scripts/bench/measure.ts";
import { type Row, compareMedians, mediansOf } from "../../../scripts/bench/summary.ts";

test("a median is not moved by one slow round, and of an even number lies amid the middle two", () => {
  expect(mediansOf([1, 90, 2].map(lasting)).seconds).toBe(2);
  expect(mediansOf([10, 1, 4, 2].map(lasting)).seconds).toBe(3);
});

test.each([
  { target: atMost(1.25), ours: 5, theirs: 4, holds: true },
  { target: atMost(1.25), ours: 5.1, theirs: 4, holds: false },
  { target: faster(4), ours: 2, theirs: 8, holds: true },
  { target: faster(4), ours: 2, theirs: 7.9, holds: false },
  { target: within(0.3), ours: 0.3, theirs: 0.1, holds: true },
  { target: within(0.3), ours: 0.4, theirs: 0.5, holds: false },
])("$ours s beside $theirs s holds to $target.is $target.bound: $holds", (given) => {
  const [row] = compare(lasting(given.ours), lasting(given.theirs), given.target);
  expect(row?.holds).toBe(given.holds);
});

test("a target can be of the bytes written in place of the time", () => {
  const [ours, theirs] = [lasting(1), lasting(1)];
  const target = atMost(1.03, "written");
  const rows = compare({ ...ours, written: 1040 }, { ...theirs, written: 1000 }, target);
  expect(rows).toMatchObject([{ ours: 1040, theirs: 1000, holds: false }]);
});

test("a yardstick that could not be measured is in no row", () => {
  expect(compare(lasting(1), undefined, atMost(1))).toEqual([]);
});

function compare(ours: Sample, theirs: Sample | undefined, target: Target): Row[] {
  const [mine, its] = [step("ours"), { ...step("theirs"), targets: [target] }];
  const samples = new Map<Step, readonly Sample[]>([[mine, [ours]]]);
  if (theirs !== undefined) samples.set(its, [theirs]);
  return compareMedians([{ ours: mine, yardsticks: [its] }], samples);
}

function step(name: string): Step {
  return { name, run: async () => ({}) };
}

function lasting(seconds: number): Sample {
  return { seconds, diskPeak: 0, diskKept: 0, diskLeft: 0 };
}

import { expect, test } from "vitest";
import { formatCount } from "../../src/core/format-count.ts";

test.each([
  0,
  7,
  42,
  999,
  1000,
  12_345,
  999_999,
  1_000_000,
  8_589_934_592,
  Number.MAX_SAFE_INTEGER,
])("%d is written as English has it", (count) => {
  expect(formatCount(count)).toBe(count.toLocaleString("en-US"));
});

import { expect, test } from "vitest";
import { formatBytes, formatExactBytes, formatSeconds } from "../../src/cli/format.ts";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [141_716, "142 kB"],
  [999_949, "1.0 MB"],
  [4_683_075_271, "4.7 GB"],
  [99_960_000_000, "100 GB"],
  [5_000_000_000_000_000, "5000 TB"],
])("%d bytes read as %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test("exact bytes have every digit, in groups", () => {
  expect(formatExactBytes(8_589_934_592)).toBe("8,589,934,592 bytes");
  expect(formatExactBytes(1)).toBe("1 byte");
});

test.each([
  [0.04, "0.0 s"],
  [9.94, "9.9 s"],
  [9.96, "10 s"],
  [59.6, "1 min"],
  [185, "3 min 5 s"],
  [3599, "59 min 59 s"],
  [3600, "1 h"],
  [7830, "2 h 11 min"],
])("%d seconds read as %s", (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});

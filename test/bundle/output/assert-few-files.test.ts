import { expect, test } from "vitest";
import { assertFewFiles } from "../../../src/bundle/output/assert-few-files.ts";

test("as many files as a reader takes are packed, and one more is refused before anything is written", () => {
  expect(() => assertFewFiles(100_000)).not.toThrow();
  expect(() => assertFewFiles(100_001)).toThrow(
    expect.objectContaining({
      code: "NOT_SUPPORTED",
      exitCode: 2,
      message: expect.stringContaining("it is 100,001 files, and a bundle has at most 100,000"),
    }),
  );
});

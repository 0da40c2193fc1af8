import { expect, test } from "vitest";
import {
  assertEnoughNumbers,
  parseSplitSize,
  splitSizeWarning,
} from "../../../src/bundle/parts/split-size.ts";

test.each([
  ["4GB", 4_000_000_000],
  ["4GiB", 4_294_967_296],
  ["4g", 4_294_967_296],
  ["3900M", 4_089_446_400],
  ["4.7GB", 4_700_000_000],
  ["1 MiB", 1_048_576],
  ["2000000", 2_000_000],
  ["fat32", 4_294_967_295],
  ["dvd", 4_697_620_480],
  ["dvd-dl", 8_535_408_640],
  ["BD25", 25_000_000_000],
])("%s is %i bytes", (text, size) => {
  expect(parseSplitSize(text)).toBe(size);
});

test.each([
  ["0", "at least 1 MiB"],
  ["0GB", "at least 1 MiB"],
  ["1048575", "at least 1 MiB"],
  ["1MB", "at least 1 MiB"],
  ["4XB", "expected a size such as"],
  ["floppy", "fat32, dvd, dvd-dl, bd25"],
  ["-4GB", "expected a size such as"],
  ["", "expected a size such as"],
  ["99999999TB", "expected a size such as"],
])("refuses %j", (text, says) => {
  expect(() => parseSplitSize(text)).toThrow(says);
});

test("4 GiB draws the hint that FAT32 holds one byte less", () => {
  expect(splitSizeWarning(parseSplitSize("4GiB"))).toMatch(/FAT32.*one byte.*fat32/);
  expect(splitSizeWarning(parseSplitSize("fat32"))).toBeUndefined();
});

test("refuses parts that three digits cannot number", () => {
  expect(() => assertEnoughNumbers(1000, 999_001)).toThrow("more than 999");
  assertEnoughNumbers(1000, 999_000);
});

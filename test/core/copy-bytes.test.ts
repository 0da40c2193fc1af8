import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { copyBytes } from "../../src/core/copy-bytes.ts";
import { pageAlignedBuffer } from "../../src/core/page-aligned-buffer.ts";

const SIZE = 200_000;
const content = randomBytes(SIZE);

const memories = {
  shared: () => Buffer.from(new SharedArrayBuffer(SIZE + 100)),
  "shared and page-aligned": () => pageAlignedBuffer(SIZE + 100),
  "its own": () => Buffer.from(new ArrayBuffer(SIZE + 100)),
};
const kinds = Object.keys(memories) as (keyof typeof memories)[];

describe.each(kinds)("bytes in memory that is %s", (from) => {
  describe.each(kinds)("copied to memory that is %s", (to) => {
    test.each([
      { begin: 0, at: 0, length: SIZE },
      { begin: 3, at: 11, length: SIZE },
      { begin: 3, at: 0, length: SIZE },
      { begin: 0, at: 5, length: 65_536 },
      { begin: 1, at: 0, length: 65_537 },
      { begin: 7, at: 2, length: 1 },
      { begin: 7, at: 2, length: 0 },
    ])("are the same: $length from $begin on, at $at", ({ begin, at, length }) => {
      const source = memories[from]();
      content.copy(source, begin);
      const target = memories[to]().fill(0xee);
      copyBytes(target, source.subarray(begin, begin + length), at);
      const expected = Buffer.alloc(target.length, 0xee);
      content.copy(expected, at, 0, length);
      expect(target.equals(expected)).toBe(true);
    });
  });
});

test.each(kinds)("bytes that do not fit memory that is %s are refused", (kind) => {
  const target = memories[kind]().fill(0xee);
  const before = Buffer.from(target);
  expect(() => copyBytes(target, content, 101)).toThrow(RangeError);
  expect(target.equals(before)).toBe(true);
});

test("bytes that are no Buffer are copied, and to such ones", () => {
  const target = new Uint8Array(new SharedArrayBuffer(20), 3, 10);
  copyBytes(target, new Uint8Array(content.buffer, content.byteOffset, 5), 4);
  expect([...target]).toEqual([0, 0, 0, 0, ...content.subarray(0, 5), 0]);
});

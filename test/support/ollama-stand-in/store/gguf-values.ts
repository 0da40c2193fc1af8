import type { ByteSource } from "./byte-source.ts";

/** A value of a GGUF header; integers beyond 2^53 lose digits. */
export type GgufValue = number | boolean | string | readonly GgufValue[];

const ARRAY = 9;

/** Specification: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */
export function readValue(source: ByteSource): GgufValue {
  return readTyped(source, source.uint32());
}

function readTyped(source: ByteSource, type: number): GgufValue {
  if (type === ARRAY) {
    const elementType = source.uint32();
    const length = source.uint64();
    return Array.from({ length }, () => readTyped(source, elementType));
  }
  const read = SCALARS[type];
  if (read === undefined) throw new Error(`invalid type: ${type}`);
  return read(source);
}

const SCALARS: Readonly<Record<number, (source: ByteSource) => GgufValue>> = {
  0: (source) => source.take(1).readUInt8(),
  1: (source) => source.take(1).readInt8(),
  2: (source) => source.take(2).readUInt16LE(),
  3: (source) => source.take(2).readInt16LE(),
  4: (source) => source.uint32(),
  5: (source) => source.take(4).readInt32LE(),
  6: (source) => shortestFloat32(source.take(4).readFloatLE()),
  7: (source) => source.take(1).readUInt8() !== 0,
  8: (source) => source.text(),
  10: (source) => source.uint64(),
  11: (source) => Number(source.take(8).readBigInt64LE()),
  12: (source) => source.take(8).readDoubleLE(),
};

/** The number with the fewest digits that is the same single-precision number, as Go prints it. */
function shortestFloat32(value: number): number {
  if (!Number.isFinite(value)) return value;
  for (let digits = 1; digits < 9; digits += 1) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return shorter;
  }
  return value;
}

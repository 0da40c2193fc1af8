/** Bytes of an eStargz footer. */
export const FOOTER_SIZE = 51;

/**
 * The eStargz footer (https://github.com/containerd/stargz-snapshotter/blob/main/docs/estargz.md#footer): an empty gzip member
 * whose extra field says, in 16 hex digits, where the member with the table of contents begins.
 */
export function footer(tocOffset: number): Buffer {
  return Buffer.concat([
    FOOTER_START,
    Buffer.from(tocOffset.toString(16).padStart(16, "0")),
    FOOTER_END,
  ]);
}

/** Where a footer points, or undefined for bytes that are none. */
export function tocOffsetOf(bytes: Buffer): number | undefined {
  const digits = bytes.toString("latin1", FOOTER_START.length, FOOTER_START.length + 16);
  const tocOffset = /^[0-9a-f]{16}$/.test(digits) ? Number.parseInt(digits, 16) : Number.NaN;
  return Number.isSafeInteger(tocOffset) && footer(tocOffset).equals(bytes) ? tocOffset : undefined;
}

const EXTRA_SIZE = 26;
const FOOTER_START = Buffer.from([
  0x1f,
  0x8b,
  8,
  4,
  0,
  0,
  0,
  0,
  0,
  0xff,
  EXTRA_SIZE,
  0,
  0x53,
  0x47,
  EXTRA_SIZE - 4,
  0,
]);
const FOOTER_END = Buffer.concat([
  Buffer.from("STARGZ"),
  Buffer.from([1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]),
]);

import { formatCount } from "../../core/format-count.ts";
import { parseByteSize } from "../../core/byte-size.ts";
import { DefinitionError } from "../../core/errors.ts";
import { MAX_PARTS } from "./part-names.ts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const SMALLEST = MIB;

/** What fits with room for the file system: a single-layer DVD+R has 4,700,372,992 bytes, a DVD-R DL 8,543,666,176. */
const MEDIA: Readonly<Record<string, number>> = {
  fat32: 4 * GIB - 1,
  dvd: 4480 * MIB,
  "dvd-dl": 8140 * MIB,
  bd25: 25_000_000_000,
};

/** Bytes of a size as people write it (`4GB`, `4GiB`, `3900M`, `4.7GB`), or of a medium. Throws {@link DefinitionError}. */
export function parseSplitSize(text: string): number {
  const size = MEDIA[text.toLowerCase()] ?? bytesOf(text);
  if (size >= SMALLEST) return size;
  throw refused(text, `it is ${formatCount(size)} bytes, expected at least 1 MiB`);
}

/** What to know about parts of so many bytes. */
export function splitSizeWarning(size: number): string | undefined {
  if (size !== 4 * GIB) return undefined;
  return "FAT32 holds files of 4 GiB less one byte: for such a stick split by the size fat32";
}

function bytesOf(text: string): number {
  const size = parseByteSize(text);
  if (size !== undefined) return size;
  throw refused(
    text,
    `expected a size such as 4GB, 4GiB or 3900M, or one of ${Object.keys(MEDIA).join(", ")}`,
  );
}

function refused(text: string, why: string): DefinitionError {
  return new DefinitionError("USAGE", `Cannot split into parts of "${text}": ${why}`);
}

/** Throws {@link DefinitionError} for a bundle of up to `bundleSize` bytes that would take more parts than there are numbers. */
export function assertEnoughNumbers(partSize: number, bundleSize: number): void {
  if (Math.ceil(bundleSize / partSize) > MAX_PARTS) throw tooManyParts(partSize);
}

/** The error for parts so small that three digits do not number them all. */
export function tooManyParts(partSize: number): DefinitionError {
  return new DefinitionError(
    "USAGE",
    `Cannot split the bundle into parts of ${formatCount(partSize)} bytes: it takes more than ${MAX_PARTS} of them`,
    { hint: "Choose larger parts." },
  );
}

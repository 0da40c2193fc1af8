import { basename } from "node:path";
import { memberTrailer } from "../../core/chunks/gzip-member.ts";
import { BundleError } from "../../core/errors.ts";
import type { Layout } from "../layout.ts";
import { openBundleFile } from "../open-bundle-file.ts";
import { type BundleEnd, bundleEnds, bytesAt } from "./bundle-ends.ts";
import type { FoundFile, Part, PartSet } from "./part-set.ts";
import { MAX_PARTS, partName } from "./part-names.ts";

/** Bytes that a part must have somewhere: the end of a chunk's gzip member, which has the CRC-32 of its content. */
interface Mark {
  /** From the beginning of the part. */
  readonly offset: number;
  readonly bytes: Buffer;
}

const MARKS_PER_PART = 8;

/**
 * Finds without a sidecar which file is which part, whatever they are called: the bundle's own list, near the end of the last
 * part, tells which bytes lie in each. Gives the set as it was where that end cannot be read or does not tell, and leaves a
 * part to its name that has no end of a chunk, as it can be with parts of less than 8 MiB.
 */
export async function placeParts(set: PartSet, files: readonly FoundFile[]): Promise<PartSet> {
  const end = await findEnd(set, files);
  const size = end && (usualSize(files, end.file) ?? (await sizeBefore(set, end.file)));
  if (end === undefined || size === undefined) return set;
  const count = Math.floor(end.tocOffset / size) + 1;
  if (count > MAX_PARTS || end.tocOffset - (count - 1) * size >= end.file.size) return set;
  const named = files.filter((file) => file !== end.file);
  const parts = Array.from({ length: count }, (_, index): Part => {
    const name = partName(basename(set.path), index + 1);
    const part = { ...set.parts[index], name };
    if (index === count - 1) return { ...part, bytes: end.file.size, file: end.file };
    return { ...part, bytes: size, file: named.find(({ path }) => basename(path) === name) };
  });
  const layout = await layoutOfParts({ ...set, parts });
  if (layout?.size !== (count - 1) * size + end.file.size) return set;
  return { ...set, parts: await placed(parts, named, layout) };
}

/** Each part's own file where that fits or nothing tells; then another that fits; at last its own after all. */
async function placed(
  parts: readonly Part[],
  files: readonly FoundFile[],
  layout: Layout,
): Promise<Part[]> {
  const left = new Set(files);
  const places = parts.map((part, index) => ({ part, marks: marksOf(layout, parts, index) }));
  const found = new Map<Part, FoundFile>();
  const last = parts.at(-1);
  const take = (part: Part, file: FoundFile): void => {
    found.set(part, file);
    left.delete(file);
  };
  for (const { part, marks } of places)
    if (part.file && (part === last || marks.length === 0 || (await fits(part.file, marks))))
      take(part, part.file);
  for (const { part, marks } of places) {
    if (found.has(part) || marks.length === 0) continue;
    for (const file of left) if (!found.has(part) && (await fits(file, marks))) take(part, file);
  }
  return parts.map((part) => {
    const own = part.file && left.has(part.file) ? part.file : undefined;
    return { ...part, file: found.get(part) ?? own };
  });
}

function marksOf(layout: Layout, parts: readonly Part[], index: number): Mark[] {
  const start = parts.slice(0, index).reduce((sum, { bytes }) => sum + bytes, 0);
  const stop = start + (parts[index]?.bytes ?? 0);
  const marks: Mark[] = [];
  for (const segment of layout.segments) {
    if (segment.kind !== "chunk") continue;
    const bytes = memberTrailer(segment.chunk.crc32, segment.size);
    const at = segment.offset + segment.length - bytes.length;
    if (at < start || at + bytes.length > stop) continue;
    marks.push({ offset: at - start, bytes });
    if (marks.length === MARKS_PER_PART) break;
  }
  return marks;
}

/** Whether a file has at least half of the marks: one that is damaged is still the part. */
async function fits({ path }: FoundFile, marks: readonly Mark[]): Promise<boolean> {
  let same = 0;
  for (const { offset, bytes } of marks)
    if ((await bytesAt(path, offset, bytes.length))?.equals(bytes) === true) same += 1;
  return marks.length > 0 && same * 2 >= marks.length;
}

/** That of the last of the parts by name where it is one, else the only one that there is. */
async function findEnd(
  { parts }: PartSet,
  files: readonly FoundFile[],
): Promise<BundleEnd | undefined> {
  const ends = await bundleEnds(files);
  const last = parts.at(-1)?.file?.path;
  const only = ends.length === 1 ? ends[0] : undefined;
  return ends.find(({ file }) => file.path === last) ?? only;
}

/** What most files have that are not the last part: they are of one size, and none is larger. */
function usualSize(files: readonly FoundFile[], last: FoundFile): number | undefined {
  const others = files.filter((file) => file !== last && file.size >= last.size);
  const groups = [...Map.groupBy(others, ({ size }) => size)];
  const [usual] = groups.toSorted(([, a], [, b]) => b.length - a.length);
  return usual?.[0];
}

/** What all others must have, where the last part is here alone under its name, and has all that tells how long the bundle is. */
async function sizeBefore(set: PartSet, last: FoundFile): Promise<number | undefined> {
  const number = set.parts.length;
  if (number < 2 || set.parts.at(-1)?.file !== last) return undefined;
  const alone = { name: basename(last.path), bytes: last.size, file: last };
  const layout = await layoutOfParts({ ...set, parts: [alone] });
  const size = layout && (layout.size - last.size) / (number - 1);
  return Number.isInteger(size) && (size ?? 0) >= last.size ? size : undefined;
}

/** Undefined where the end of the bundle cannot be read. */
export async function layoutOfParts(set: PartSet): Promise<Layout | undefined> {
  try {
    const { file, layout } = await openBundleFile({ kind: "parts", ...set });
    await file[Symbol.asyncDispose]();
    return layout;
  } catch (error) {
    if (error instanceof BundleError) return undefined;
    throw error;
  }
}

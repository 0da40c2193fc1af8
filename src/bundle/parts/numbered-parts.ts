import { basename } from "node:path";
import type { FoundFile, Part } from "./part-set.ts";
import { partName } from "./part-names.ts";

/**
 * Parts by their numbers alone, as many as there are files or sums. All but the last are of one size, which is the one that most
 * of them have.
 */
export function numberedParts(
  name: string,
  files: readonly FoundFile[],
  sums: ReadonlyMap<string, string>,
): Part[] {
  const found = Map.groupBy(files, ({ path }) => numberIn(basename(path), name));
  const numbers = [...found.keys(), ...[...sums.keys()].map((part) => numberIn(part, name))];
  const count = Math.max(0, ...numbers.map((number) => number ?? 0));
  const first = (number: number): FoundFile | undefined => found.get(number)?.[0];
  const usual = usualSize(Array.from({ length: count - 1 }, (_, index) => first(index + 1)));
  return Array.from({ length: count }, (_, index) => {
    const part = partName(name, index + 1);
    const sha256 = sums.get(part);
    const [file, ...spares] = found.get(index + 1) ?? [];
    const bytes = index === count - 1 ? (file?.size ?? 0) : usual;
    return { name: part, bytes, file, spares, ...(sha256 !== undefined && { sha256 }) };
  });
}

function usualSize(files: readonly (FoundFile | undefined)[]): number {
  const sizes = Map.groupBy(
    files.flatMap((file) => file?.size ?? []),
    (size) => size,
  );
  const [usual] = [...sizes].toSorted(([a, as], [b, bs]) => bs.length - as.length || b - a);
  return usual?.[0] ?? 0;
}

function numberIn(fileName: string, name: string): number | undefined {
  const number = Number(fileName.slice(-3));
  return number > 0 && fileName === partName(name, number) ? number : undefined;
}

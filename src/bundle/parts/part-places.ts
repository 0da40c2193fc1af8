import { basename } from "node:path";
import type { Part, PartSet } from "./part-set.ts";
import { partName } from "./part-names.ts";

/** A part with where it lies in the bundle. */
export interface PlacedPart {
  readonly part: Part;
  readonly start: number;
  readonly end: number;
}

/** Where each part lies. Without a sidecar only the bundle itself, of `size` bytes, tells how long its last part must be. */
export function placesOf(set: PartSet, size?: number): PlacedPart[] {
  const parts = size === undefined || set.sidecar !== undefined ? set.parts : withSizes(set, size);
  let end = 0;
  return parts.map((part) => {
    const start = end;
    end += part.bytes;
    return { part, start, end };
  });
}

function withSizes({ path, parts }: PartSet, size: number): readonly Part[] {
  const before = parts.slice(0, -1);
  const [last] = parts.slice(-1);
  const usual = parts[0]?.bytes ?? 0;
  const bytes = before.reduce((left, part) => left - part.bytes, size);
  if (last === undefined || bytes <= 0) return parts;
  if (usual === 0 || bytes <= usual || last.bytes !== usual) return [...before, { ...last, bytes }];
  const following = Array.from({ length: Math.ceil(bytes / usual) - 1 }, (_, index) => ({
    name: partName(basename(path), parts.length + index + 1),
    bytes: Math.min(usual, bytes - (index + 1) * usual),
  }));
  return [...parts, ...following];
}

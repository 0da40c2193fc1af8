import { closeSync, openSync, readvSync } from "node:fs";
import type { Extent } from "./chunk.ts";

/**
 * Reads an extent into the given places, one after another (workers only: it blocks). Returns how many bytes there were:
 * fewer than asked for where the file ends early.
 */
export function readExtent(
  { path, offset, length }: Extent,
  places: readonly Uint8Array[],
): number {
  const file = openSync(path, "r");
  try {
    let done = 0;
    while (done < length) {
      const read = readvSync(file, remaining(places, done), offset + done);
      if (read === 0) break;
      done += read;
    }
    return done;
  } finally {
    closeSync(file);
  }
}

/** Reads extents one after another into `place`. Returns how many bytes there were before the first that is not there. */
export function readExtents(extents: readonly Extent[], place: Uint8Array): number {
  let done = 0;
  for (const extent of extents) {
    const read = readExtent(extent, [place.subarray(done, done + extent.length)]);
    done += read;
    if (read < extent.length) break;
  }
  return done;
}

/** The places without their first `skip` bytes; at most 512 of them, since readv takes no more than IOV_MAX. */
function remaining(places: readonly Uint8Array[], skip: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let toSkip = skip;
  for (const place of places) {
    if (toSkip >= place.length) {
      toSkip -= place.length;
      continue;
    }
    rest.push(place.subarray(toSkip));
    toSkip = 0;
    if (rest.length === 512) break;
  }
  return rest;
}

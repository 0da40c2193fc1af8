import type { ChunkPool } from "../core/chunks/pool.ts";
import { type Finding, mergeFindings, nameOf } from "./finding.ts";
import type { BundleCopy } from "./known-bundle.ts";
import type { Segment } from "./layout.ts";
import type { KnownBundle } from "./open-bundle-file.ts";
import type { WrittenFiles } from "./output-files.ts";
import { ownersOf } from "./owners.ts";

/** A damaged bundle, what it must be, and other copies of it. */
export interface Repair extends KnownBundle {
  readonly damaged: BundleCopy;
  /** Whether the damaged one itself says that it is this bundle. */
  readonly isKnown: boolean;
  readonly others: readonly BundleCopy[];
  readonly pool: ChunkPool;
}

/** What came of it. */
export interface Mended {
  /** What was damaged and is right now; not told of a bundle that was written anew. */
  readonly mended: readonly Finding[];
  /** What no copy has. Where this is not empty, nothing was written. */
  readonly unmended: readonly Finding[];
  /** Names of the parts that would have to be brought again, of a bundle in parts. */
  readonly partsToBring?: readonly string[];
  /** Bytes. */
  readonly written: number;
  /** Of a bundle that was written anew. */
  readonly output?: WrittenFiles & { readonly path: string };
}

/** Segments as findings. */
export function findingsAbout(
  segments: readonly Segment[],
  { manifest }: Pick<KnownBundle, "manifest">,
): Finding[] {
  const owners = ownersOf(manifest);
  return mergeFindings(
    segments.map((segment) => ({
      start: segment.offset,
      end: segment.offset + segment.length,
      what: nameOf(segment, owners),
      how: "differs",
    })),
  );
}

import type { ChunkPool } from "../../core/chunks/pool.ts";
import type { Finding } from "../finding.ts";
import type { BundleCopy } from "./known-bundle.ts";
import type { KnownBundle } from "../open-bundle-file.ts";
import type { WrittenFiles } from "../output/output-files.ts";

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

import type { ChunkPool } from "../core/chunks/pool.ts";
import type { VolumePaths } from "./volume-paths.ts";

/** What the parts of an open staging volume share. */
export interface StagingContext {
  readonly paths: VolumePaths;
  readonly pool: ChunkPool;
}

import { resolve } from "node:path";
import { findBundle } from "./bundle/find-bundle.ts";
import { type RepairReport, repair } from "./bundle/repair/repair.ts";
import { ChunkPool } from "./core/chunks/pool.ts";
import type { WorkOptions } from "./core/progress.ts";

export interface RepairOptions extends WorkOptions {
  /** The damaged bundle: a file, a part, a sidecar, a directory, or several of them. */
  readonly bundle: string | readonly string[];
  /** Other copies of it, each named in the same way; they may be damaged too, and cut into other parts. */
  readonly from?: readonly string[] | undefined;
  /** Where the mended bundle is written as one file; by default it is mended in its place. */
  readonly output?: string | undefined;
}

/**
 * Mends a damaged bundle from other copies of it. Of them only chunks are read that are damaged here, and each is checked before
 * it is written; all else follows from MODELS.json, which need be whole in one of the copies. Where something cannot be mended,
 * nothing is written, and `unmended` names it. Throws {@link DefinitionError} for a copy of another bundle, {@link BundleError}
 * where MODELS.json is damaged in all of them, {@link HostError} where nothing can be written.
 */
export async function repairBundle(options: RepairOptions): Promise<RepairReport> {
  const { bundle, from = [], output } = options;
  const damaged = await findBundle(bundle);
  const others = await Promise.all(from.map((each) => findBundle(each)));
  await using pool = new ChunkPool();
  const places = { damaged, others, output: output && resolve(output) };
  return await repair(places, { ...options, pool });
}

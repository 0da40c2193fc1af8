import type { BundleReader } from "../bundle/bundle-reader.ts";
import type { ChunkPool } from "../core/chunks/pool.ts";
import { HealthError } from "../core/errors.ts";
import type { WorkOptions } from "../core/progress.ts";
import { TOOL } from "../core/tool.ts";
import type { Engine } from "../engine/engine.ts";
import type { Selection } from "./select-models.ts";
import { installationDirectory } from "./state-directory.ts";
import type { Transaction } from "./transaction.ts";

/** One run of install, and what is open for it. */
export interface Installation {
  readonly id: string;
  readonly bundle: BundleReader;
  readonly pool: ChunkPool;
  readonly selection: Selection;
  readonly work: WorkOptions;
  /** What was told as a warning so far. */
  readonly warnings: readonly string[];
  readonly env: Readonly<NodeJS.ProcessEnv>;
  readonly startedAt: Date;
  /** Whether a server that is not healthy is left for a look, with everything that was done. */
  readonly keepOnFailure: boolean;
}

/** How what it does is recorded and undone; without an engine where none is used. */
export function transactionOf(
  { id, bundle, work, env, startedAt, keepOnFailure }: Installation,
  engine?: Engine,
): Transaction {
  return {
    installation: id,
    directory: installationDirectory(env, id),
    head: {
      installation: id,
      tool: { name: TOOL.name, version: TOOL.version },
      bundle: { name: bundle.manifest.name, id: bundle.id },
      startedAt: startedAt.toISOString(),
      ...(engine && { engine: engine.address }),
    },
    engine,
    keeps: (error) => keepOnFailure && error instanceof HealthError,
    onProgress: work.onProgress,
  };
}

import type { BundleReader } from "../bundle/bundle-reader.ts";
import type { ChunkPool } from "../core/chunks/pool.ts";
import type { Engine } from "../engine/engine.ts";
import type { EngineNames } from "./install-options.ts";
import type { ModelsAsked } from "./model-changes.ts";
import type { EnginePlace } from "./models-place.ts";

/** What is to be installed on an engine. */
export interface EngineInstall extends ModelsAsked {
  readonly engine: Engine;
  readonly bundle: BundleReader;
  readonly names: EngineNames;
  readonly place: EnginePlace;
  readonly pool: ChunkPool;
}

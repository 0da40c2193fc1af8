import type { ChunkPool } from "../../src/core/chunks/pool.ts";
import { parseModelName } from "../../src/core/model-name.ts";
import type { WorkOptions } from "../../src/core/progress.ts";
import {
  type RegistryModelOptions,
  createRegistryModelSource,
} from "../../src/source/registry-models.ts";
import type { StagedModel } from "../../src/source/source.ts";
import { StagingVolume } from "../../src/staging/staging-volume.ts";
import { type ModelRegistryOptions, startModelRegistry } from "../support/model-registry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

export const FAST = { retries: 20, firstDelayMs: 1, maxDelayMs: 4 };

/** A registry, an empty staging volume, and a source between them that tries again without waiting. */
export async function startPlace(
  { pool, ...options }: ModelRegistryOptions & { readonly pool: ChunkPool },
  client: Partial<RegistryModelOptions> = {},
) {
  await using stack = new AsyncDisposableStack();
  const registry = stack.use(await startModelRegistry(options));
  const { path: staging } = stack.use(await temporaryDirectory());
  const volume = await StagingVolume.open(staging, pool);
  const source = createRegistryModelSource({
    volume,
    modelRegistry: registry.url,
    retry: FAST,
    ...client,
  });
  const pull = async (name: string, work: WorkOptions = {}): Promise<StagedModel> =>
    source.stage(await source.resolve(parseModelName(name), work), work);
  const running = stack.move();
  return { registry, source, staging, pull, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

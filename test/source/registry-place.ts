import { CHUNK_SIZE } from "../../src/core/chunks/chunk.ts";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
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
import { writeModel } from "../support/tiny-models.ts";

export const FAST = { retries: 20, firstDelayMs: 1, maxDelayMs: 4 };

/** Models in a store, and registries that serve it. */
export async function openPlaces() {
  await using stack = new AsyncDisposableStack();
  const pool = stack.use(new ChunkPool());
  const { path: store } = stack.use(await temporaryDirectory());
  await writeModel(store, { name: "tiny" });
  await writeModel(store, { name: "tensors", tensors: 40 });
  await writeModel(store, { name: "mine", namespace: "team", host: "registry.example" });
  const big = await writeModel(store, { name: "big", size: 5 * CHUNK_SIZE });
  const start = (
    options: Partial<ModelRegistryOptions> = {},
    client: Partial<RegistryModelOptions> = {},
  ) => startPlace({ pool, store, ...options }, client);
  const open = stack.move();
  return { pool, store, big, start, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

/** A registry, an empty staging volume, and a source between them that tries again without waiting. */
async function startPlace(
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

import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { createRegistryModelSource } from "../../src/source/registry-models.ts";
import { StagingVolume } from "../../src/staging/staging-volume.ts";

/** What create does before it packs: pulls the model `large` of the registry that is its argument into `staging`. */
const [, , modelRegistry = ""] = process.argv;
await using pool = new ChunkPool();
const volume = await StagingVolume.open("staging", pool);
const source = createRegistryModelSource({ volume, modelRegistry });
const name = { host: "registry.ollama.ai", namespace: "library", model: "large", tag: "latest" };
await source.stage(await source.resolve(name, {}), {});

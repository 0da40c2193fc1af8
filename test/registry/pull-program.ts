/**
 * Pulls one model in a process of its own, with the environment and the certificates that it is started with:
 *
 *     node pull-program.ts REGISTRY-URL STAGING-DIRECTORY MODEL
 *
 * Prints `{"blobs":N}`, or `{"code":…,"message":…,"hint":…}` and ends with 3.
 */
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { SourceError } from "../../src/core/errors.ts";
import { parseModelName } from "../../src/core/model-name.ts";
import { createRegistryModelSource } from "../../src/source/registry-models.ts";
import { StagingVolume } from "../../src/staging/staging-volume.ts";

const [modelRegistry = "", staging = "", model = ""] = process.argv.slice(2);
const retry = { retries: 2, firstDelayMs: 1, maxDelayMs: 1 };

await using pool = new ChunkPool();
const volume = await StagingVolume.open(staging, pool);
const source = createRegistryModelSource({ volume, modelRegistry, retry });
try {
  const { blobs } = await source.stage(await source.resolve(parseModelName(model), {}), {});
  process.stdout.write(JSON.stringify({ blobs: blobs.length }));
} catch (error) {
  if (!(error instanceof SourceError)) throw error;
  const { code, message, hint } = error;
  process.stdout.write(JSON.stringify({ code, message, hint }));
  process.exitCode = 3;
}

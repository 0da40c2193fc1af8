import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CHUNK_SIZE } from "../../src/core/chunks/chunk.ts";
import { BUFFER_COUNT, ChunkPool } from "../../src/core/chunks/pool.ts";
import { sha256Hex } from "../../src/core/digest.ts";
import { parseModelName } from "../../src/core/model-name.ts";
import { createRegistryModelSource } from "../../src/source/registry-models.ts";
import { StagingVolume } from "../../src/staging/staging-volume.ts";
import { startModelRegistry } from "../support/model-registry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { writeModel } from "../support/tiny-models.ts";

test("killed over and over, a pull asks for no piece again that was whole, and ends well", async () => {
  await using dir = await temporaryDirectory();
  const [store, staging] = [join(dir.path, "store"), join(dir.path, "staging")];
  const { size } = await writeModel(store, { name: "big", size: 250_000_000 });
  await using registry = await startModelRegistry({ store });
  await using pool = new ChunkPool();
  const volume = await StagingVolume.open(staging, pool);
  const source = createRegistryModelSource({ volume, modelRegistry: registry.url });

  const ranges = () => registry.requests.filter(({ range }) => range !== undefined);
  const missing = [size];
  // Each range needs a buffer: one more range than there are buffers means that one piece is safe.
  for (const asked of [1, BUFFER_COUNT + 1, BUFFER_COUNT + 3]) {
    registry.forgetRequests();
    const program = join(import.meta.dirname, "pull-program.ts");
    const child = spawn(process.execPath, [program, registry.url, staging, "big"]);
    await registry.until(() => ranges().length >= asked);
    child.kill("SIGKILL");
    await once(child, "exit");
    await expectWholeBlobs(staging);
    missing.push((await source.resolve(parseModelName("big"), {})).missingBytes);
  }
  expect(missing).toEqual(missing.toSorted((a, b) => b - a));
  expect(missing.at(-1)).toBeLessThanOrEqual(size - 4 * CHUNK_SIZE);
  expect(missing.at(-1)).toBeGreaterThan(0);

  registry.forgetRequests();
  await source.stage(await source.resolve(parseModelName("big"), {}), {});
  const fetched = registry.requests.filter(({ kind }) => kind === "blob");
  expect(fetched.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0)).toBe(missing.at(-1));
});

async function expectWholeBlobs(staging: string): Promise<void> {
  const blobs = join(staging, "blobs/sha256");
  for (const name of await readdir(blobs)) {
    expect(sha256Hex(await readFile(join(blobs, name)))).toBe(name);
  }
}

/**
 * Fetches test content into a staging volume in a process of its own:
 *
 *     node fetch-program.ts DIRECTORY SIZE [BYTES]
 *
 * Prints `read <offset>` for every piece that it asks for. With BYTES, the source falls silent at that offset, and `silent`
 * is printed once everything before it is safe.
 */
import { setTimeout } from "node:timers/promises";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { StagingVolume } from "../../src/staging/staging-volume.ts";
import { testContent } from "./test-content.ts";

const [directory = "", sizeText = "", silentText] = process.argv.slice(2);
const size = Number(sizeText);
const silentFrom = silentText === undefined ? Infinity : Number(silentText);
const content = testContent(size);

await using pool = new ChunkPool();
const volume = await StagingVolume.open(directory, pool);
if (silentFrom < size) void announceSilence();
await volume.fetch({ sha256: content.sha256, size, asModelBlob: true }, async (place, offset) => {
  process.stdout.write(`read ${offset}\n`);
  if (offset >= silentFrom) await new Promise(() => {});
  // As slow as a network, so that another process comes while this one fetches.
  await setTimeout(20);
  place.set(content.bytes.subarray(offset, offset + place.length));
});

async function announceSilence(): Promise<void> {
  while ((await volume.missingBytes({ sha256: content.sha256, size })) > size - silentFrom) {
    await setTimeout(10);
  }
  process.stdout.write("silent\n");
}

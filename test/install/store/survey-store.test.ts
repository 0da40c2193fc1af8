import { createHash } from "node:crypto";
import { mkdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { CHUNK_SIZE } from "../../../src/core/chunks/chunk.ts";
import { BUFFER_COUNT, ChunkPool } from "../../../src/core/chunks/pool.ts";
import type { ProgressEvent } from "../../../src/core/progress.ts";
import { openStore } from "../../../src/install/store/store.ts";
import { surveyStore } from "../../../src/install/store/survey-store.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const CHUNKS = 12;
const HEX = "ab".repeat(32);

const pool = new ChunkPool();
afterAll(() => pool[Symbol.asyncDispose]());

test("a blob that is there is counted while it is hashed, and takes no more than its share of the buffers", async () => {
  await using there = await storeWithZeros();
  const others = Array.from({ length: BUFFER_COUNT - 4 }, () => pool.lease());
  const held = await Promise.all(others);
  const events: ProgressEvent[] = [];
  let waited: Promise<unknown> | undefined;
  const survey = await surveyStore(there.what, {
    onProgress: (event) => {
      events.push(event);
      // Who comes now is not behind all chunks of the blob.
      waited ??= pool.lease().then((lease) => {
        lease[Symbol.dispose]();
        return events.length;
      });
    },
  });
  for (const lease of held) lease[Symbol.dispose]();
  expect(survey).toMatchObject({ missing: [], damaged: [] });
  expect(events).toHaveLength(CHUNKS);
  expect(await waited).toBeLessThan(CHUNKS / 2);
});

test("an abort ends it in the middle of a blob", async () => {
  await using there = await storeWithZeros();
  const abort = new AbortController();
  const reason = new Error("stopped by the user");
  let done = 0;
  const stopped = surveyStore(there.what, {
    signal: abort.signal,
    onProgress: (event) => {
      if (event.kind === "bytes") done = event.done;
      abort.abort(reason);
    },
  });
  await expect(stopped).rejects.toBe(reason);
  expect(done).toBeLessThan(CHUNKS * CHUNK_SIZE);
});

/** A store with one blob, as a bundle has it; its name is no digest of it, since only chunks are looked at. */
async function storeWithZeros() {
  const directory = await temporaryDirectory();
  const size = CHUNKS * CHUNK_SIZE;
  await mkdir(join(directory.path, "blobs"));
  const path = join(directory.path, "blobs", `sha256-${HEX}`);
  await writeFile(path, "");
  await truncate(path, size);
  const sha256 = createHash("sha256").update(Buffer.alloc(CHUNK_SIZE)).digest("hex");
  const chunks = Array.from({ length: CHUNKS }, () => ({ sha256, crc32: 0 }));
  const blob = { path: `models/blobs/sha256-${HEX}`, size, sha256: HEX, chunks };
  const selection = { models: [], blobs: [blob], manifests: [], omitted: [] };
  const what = { store: await openStore(directory.path), selection, pool };
  return { what, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

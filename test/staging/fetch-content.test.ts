import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { appendFile, readFile, readdir, truncate } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, expect, test } from "vitest";
import { CHUNK_SIZE } from "../../src/core/chunks/chunk.ts";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { StagingVolume } from "../../src/staging/staging-volume.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { damaged, layerDiffId, overwrite, readFrom, testContent } from "./test-content.ts";

const pool = new ChunkPool();
afterAll(() => pool[Symbol.asyncDispose]());

const LARGE = 3 * CHUNK_SIZE + 12_345;

test("fetches content, hashes it in chunks and gives it the name of its digest", async () => {
  await using dir = await temporaryDirectory();
  const volume = await StagingVolume.open(dir.path, pool);
  for (const size of [0, 1, 93, CHUNK_SIZE, CHUNK_SIZE + 1, LARGE]) {
    const { bytes, sha256 } = testContent(size);
    const { read } = readFrom(bytes);
    let told = 0;
    const onBytes = (count: number) => (told += count);
    const staged = await volume.fetch({ sha256, size, asModelBlob: true }, read, { onBytes });
    expect(staged).toMatchObject({ size, sha256, path: join(dir.path, "blobs/sha256", sha256) });
    expect(staged.chunks).toEqual(chunksOf(bytes));
    expect(staged.layerDiffId).toBe(size > CHUNK_SIZE ? layerDiffId(bytes, sha256) : undefined);
    expect((await readFile(staged.path)).equals(bytes)).toBe(true);
    expect(told).toBe(size);
  }
  expect(await readdir(join(dir.path, "partial"))).toEqual([]);
  expect(await readdir(join(dir.path, "locks"))).toEqual([]);
  expect(await readdir(join(dir.path, "tmp"))).toEqual([]);
});

test("keeps content that hashes to another digest out of the volume, and starts anew", async () => {
  await using dir = await temporaryDirectory();
  const volume = await StagingVolume.open(dir.path, pool);
  for (const size of [93, LARGE]) {
    const { bytes, sha256 } = testContent(size);
    const wrong = damaged(bytes, size - 1);
    await expect(
      volume.fetch({ sha256, size, label: 'blob of "tiny"' }, readFrom(wrong).read),
    ).rejects.toMatchObject({ code: "WRONG_CONTENT", message: expect.stringContaining("tiny") });
    expect(await volume.find({ sha256 })).toBeUndefined();
    expect(await volume.missingBytes({ sha256, size })).toBe(size);
    const { read, offsets } = readFrom(bytes);
    await volume.fetch({ sha256, size }, read);
    expect(offsets).toHaveLength(Math.ceil(size / CHUNK_SIZE));
  }
  expect(await readdir(join(dir.path, "partial"))).toEqual([]);
});

test("after a failed read asks only for what had not come", async () => {
  await using dir = await temporaryDirectory();
  const volume = await StagingVolume.open(dir.path, pool);
  const { bytes, sha256 } = testContent(LARGE);
  const good = readFrom(bytes);
  const broken = volume.fetch({ sha256, size: LARGE }, async (place, offset, options) => {
    if (offset === 2 * CHUNK_SIZE) throw new Error("the network is gone");
    await good.read(place, offset, options);
  });
  await expect(broken).rejects.toThrow("the network is gone");
  expect(await volume.find({ sha256 })).toBeUndefined();
  const missing = await volume.missingBytes({ sha256, size: LARGE });
  const rerun = readFrom(bytes);
  await volume.fetch({ sha256, size: LARGE }, rerun.read);
  expect(rerun.offsets).toContain(2 * CHUNK_SIZE);
  expect(missing).toBe(
    rerun.offsets.reduce((sum, offset) => sum + Math.min(CHUNK_SIZE, LARGE - offset), 0),
  );
});

test("an abort ends a fetch with its reason, and the pieces stay", async () => {
  await using dir = await temporaryDirectory();
  const volume = await StagingVolume.open(dir.path, pool);
  const { bytes, sha256 } = testContent(LARGE);
  const stop = new AbortController();
  const reason = new Error("the user pressed Ctrl-C");
  const fetch = volume.fetch(
    { sha256, size: LARGE },
    async (place, offset, { signal }) => {
      place.set(bytes.subarray(offset, offset + place.length));
      if (offset < 2 * CHUNK_SIZE) return;
      signal.throwIfAborted();
      queueMicrotask(() => stop.abort(reason));
      await once(signal, "abort");
      throw signal.reason;
    },
    { signal: stop.signal },
  );
  await expect(fetch).rejects.toBe(reason);
  expect(await readdir(join(dir.path, "locks"))).toEqual([]);
  const { read, offsets } = readFrom(bytes);
  await volume.fetch({ sha256, size: LARGE }, read);
  expect(offsets).toEqual([2 * CHUNK_SIZE, 3 * CHUNK_SIZE]);
});

test("after SIGKILL asks for no piece that was whole", async () => {
  await using dir = await temporaryDirectory();
  const killed = await startFetch(dir.path, LARGE, 2 * CHUNK_SIZE);
  await killed.line("silent");
  killed.process.kill("SIGKILL");
  await once(killed.process, "exit");

  const { bytes, sha256 } = testContent(LARGE);
  // As a process that dies while it writes leaves it.
  await appendFile(join(dir.path, "partial", `${sha256}.log`), '{"index":3,"sha2');
  const volume = await StagingVolume.open(dir.path, pool);
  const { read, offsets } = readFrom(bytes);
  const staged = await volume.fetch({ sha256, size: LARGE }, read);
  expect(offsets).toEqual([2 * CHUNK_SIZE, 3 * CHUNK_SIZE]);
  expect(staged.chunks).toEqual(chunksOf(bytes));
});

test("fetches a piece again that a loss of power took from the disk, though the log names it", async () => {
  await using dir = await temporaryDirectory();
  const volume = await StagingVolume.open(dir.path, pool);
  const { bytes, sha256 } = testContent(LARGE);
  const { read } = readFrom(bytes);
  const interrupted = volume.fetch({ sha256, size: LARGE }, async (place, offset, options) => {
    if (offset === 3 * CHUNK_SIZE) {
      while ((await volume.missingBytes({ sha256, size: LARGE })) > LARGE - 3 * CHUNK_SIZE) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      throw new Error("power is gone");
    }
    await read(place, offset, options);
  });
  await expect(interrupted).rejects.toThrow("power is gone");
  await overwrite(join(dir.path, "partial", `${sha256}.data`), CHUNK_SIZE + 7);
  await truncate(join(dir.path, "partial", `${sha256}.data`), 3 * CHUNK_SIZE - 1);
  const rerun = readFrom(bytes);
  await volume.fetch({ sha256, size: LARGE }, rerun.read);
  expect(new Set(rerun.offsets)).toEqual(new Set([1, 2, 3].map((index) => index * CHUNK_SIZE)));
  expect(rerun.offsets).toHaveLength(3);
});

test("two processes that want the same content fetch each piece once between them", async () => {
  await using dir = await temporaryDirectory();
  const processes = await Promise.all([startFetch(dir.path, LARGE), startFetch(dir.path, LARGE)]);
  const codes = await Promise.all(
    processes.map(async ({ process }) => (await once(process, "exit"))[0]),
  );
  expect(codes).toEqual([0, 0]);
  const reads = processes.flatMap(({ lines }) => lines).toSorted();
  expect(reads).toEqual([0, 1, 2, 3].map((index) => `read ${index * CHUNK_SIZE}`).toSorted());
});

test("many fetches at once share the buffers without waiting for one another for ever", async () => {
  await using dir = await temporaryDirectory();
  const volume = await StagingVolume.open(dir.path, pool);
  const sizes = [LARGE, 5, CHUNK_SIZE, LARGE, LARGE, 70_000, LARGE];
  const all = sizes.map(async (size, index) => {
    const { bytes, sha256 } = testContent(size, index + 1);
    return (await volume.fetch({ sha256, size }, readFrom(bytes).read)).size;
  });
  expect(await Promise.all(all)).toEqual(sizes);
});

function chunksOf(bytes: Buffer) {
  const chunks = [];
  for (let at = 0; at < bytes.length; at += CHUNK_SIZE) {
    const chunk = bytes.subarray(at, at + CHUNK_SIZE);
    chunks.push(createHash("sha256").update(chunk).digest("hex"));
  }
  return chunks;
}

async function startFetch(
  ...args: readonly (string | number)[]
): Promise<{ process: ChildProcess; lines: string[]; line(text: string): Promise<void> }> {
  const program = join(import.meta.dirname, "fetch-program.ts");
  const child = spawn(process.execPath, [program, ...args.map(String)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout });
  output.on("line", (line) => lines.push(line));
  const line = async (text: string) => {
    while (!lines.includes(text)) await once(output, "line");
  };
  return { process: child, lines, line };
}

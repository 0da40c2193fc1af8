import { readFile, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { CHUNK_SIZE } from "../../src/core/chunks/chunk.ts";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import type { ProgressEvent } from "../../src/core/progress.ts";
import { StagingVolume } from "../../src/staging/staging-volume.ts";
import { failingSync } from "../support/failing-sync.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { canMount, smallFileSystem } from "./small-file-system.ts";
import { layerDiffId, overwrite, readFrom, testContent } from "./test-content.ts";

const pool = new ChunkPool();
afterAll(() => pool[Symbol.asyncDispose]());

const LARGE = 3 * CHUNK_SIZE + 12_345;

test("asks for content once: the next volume on the same directory has it, with all digests", async () => {
  await using dir = await temporaryDirectory();
  const { bytes, sha256 } = testContent(LARGE);
  const wanted = { sha256, size: LARGE, asModelBlob: true };
  const first = await (
    await StagingVolume.open(dir.path, pool)
  ).fetch(wanted, readFrom(bytes).read);
  const again = await StagingVolume.open(dir.path, pool);
  const { read, offsets } = readFrom(bytes);
  expect(await again.fetch(wanted, read)).toEqual(first);
  expect(await again.find(wanted)).toEqual(first);
  expect(await again.missingBytes(wanted)).toBe(0);
  expect(offsets).toEqual([]);
});

test("content that the disk lost is not staged", async () => {
  await using dir = await temporaryDirectory();
  const volume = await StagingVolume.open(dir.path, pool);
  const { bytes, sha256 } = testContent(LARGE);
  {
    using _disk = await failingSync(/\/partial\//);
    await expect(volume.fetch({ sha256, size: LARGE }, readFrom(bytes).read)).rejects.toMatchObject(
      { code: "IO", message: expect.stringContaining("EIO") },
    );
  }
  expect(await volume.find({ sha256 })).toBeUndefined();
});

test("hashes a file again that was changed in the volume, removes it with a warning, and fetches it anew", async () => {
  await using dir = await temporaryDirectory();
  const volume = await StagingVolume.open(dir.path, pool);
  const { bytes, sha256 } = testContent(LARGE);
  const { path } = await volume.fetch({ sha256, size: LARGE }, readFrom(bytes).read);
  await overwrite(path, CHUNK_SIZE + 5);
  const events: ProgressEvent[] = [];
  expect(
    await volume.find({ sha256 }, { onProgress: (event) => events.push(event) }),
  ).toBeUndefined();
  expect(events).toEqual([{ kind: "warning", text: expect.stringContaining(path) }]);
  const { read, offsets } = readFrom(bytes);
  await volume.fetch({ sha256, size: LARGE }, read);
  expect(offsets).toHaveLength(4);
});

test("a file that was only touched is hashed again and then trusted again, its layer's digest included", async () => {
  await using dir = await temporaryDirectory();
  const volume = await StagingVolume.open(dir.path, pool);
  const { bytes, sha256 } = testContent(LARGE);
  const first = await volume.fetch({ sha256, size: LARGE }, readFrom(bytes).read);
  expect(first.layerDiffId).toBeUndefined();
  await utimes(first.path, 1, 1);
  const found = await volume.find({ sha256, asModelBlob: true });
  const seals = expect.objectContaining({
    key: expect.not.stringContaining(first.seals?.key ?? ""),
  });
  expect(found).toEqual({ ...first, seals, layerDiffId: layerDiffId(bytes, sha256) });
});

test("makes do without a record, and with one that makes no sense", async () => {
  await using dir = await temporaryDirectory();
  const volume = await StagingVolume.open(dir.path, pool);
  const { bytes, sha256 } = testContent(93);
  const staged = await volume.fetch({ sha256, size: 93 }, readFrom(bytes).read);
  const versionOne = { version: 1, size: 93, chunks: [{ sha256, crc32: 0 }], proofs: [] };
  const withoutChunks = '{"version":2,"size":93,"chunks":[],"proofs":[]}';
  const seals = { key: "0".repeat(32), ofChunks: [] };
  const withoutSeals = { version: 2, size: 93, chunks: [sha256], seals, proofs: [] };
  const wrong = [versionOne, withoutSeals].map((record) => JSON.stringify(record));
  for (const text of ["", "{", withoutChunks, ...wrong]) {
    await writeFile(join(dir.path, "records", `${sha256}.json`), text);
    expect(await volume.find({ sha256 })).toEqual(staged);
  }
});

test("does without the seals of an earlier version, and finds the content without hashing it again", async () => {
  await using dir = await temporaryDirectory();
  const volume = await StagingVolume.open(dir.path, pool);
  const { bytes, sha256 } = testContent(LARGE);
  const { seals, ...staged } = await volume.fetch({ sha256, size: LARGE }, readFrom(bytes).read);
  expect(seals?.ofChunks).toHaveLength(staged.chunks.length);
  const path = join(dir.path, "records", `${sha256}.json`);
  const record = JSON.parse(await readFile(path, "utf8"));
  const earlier = { key: seals?.key, ofChunks: seals?.ofChunks.map(({ tag }) => tag) };
  await writeFile(path, JSON.stringify({ ...record, seals: earlier }));
  expect(await volume.find({ sha256 })).toEqual({ ...staged, seals: undefined });
});

test("keeps what it is told of images, and knows nothing under another key", async () => {
  await using dir = await temporaryDirectory();
  const record = {
    identity: "sha256:1",
    platform: "linux/amd64",
    configSha256: testContent(1).sha256,
    layerSha256s: [testContent(2).sha256],
  };
  await (await StagingVolume.open(dir.path, pool)).writeImageRecord("../../a key", record);
  const volume = await StagingVolume.open(dir.path, pool);
  expect(await volume.readImageRecord("../../a key")).toEqual(record);
  expect(await volume.readImageRecord("another")).toBeUndefined();
});

test("removes what a killed process left in tmp, and nothing of a process that runs", async () => {
  await using dir = await temporaryDirectory();
  const volume = await StagingVolume.open(dir.path, pool);
  await using writer = volume.createContent();
  await writer.write(Buffer.alloc(CHUNK_SIZE + 1));
  const [mine = ""] = await readdir(join(dir.path, "tmp"));
  const [host = ""] = mine.split("-");
  await writeFile(join(dir.path, "tmp", `${host}-${process.pid}-12.1`), "a pid that was reused");
  await writeFile(join(dir.path, "tmp", `000000000000-1-1.1`), "another machine's");
  await StagingVolume.open(dir.path, pool);
  expect((await readdir(join(dir.path, "tmp"))).toSorted()).toEqual(
    ["000000000000-1-1.1", mine].toSorted(),
  );
});

test.each(["../../../../etc/passwd", `${"0".repeat(63)}A`, ""])(
  "CVE-2024-37032: %j never becomes a path",
  async (sha256) => {
    await using dir = await temporaryDirectory();
    const volume = await StagingVolume.open(dir.path, pool);
    await expect(volume.find({ sha256 })).rejects.toThrow("is not a sha256");
    const { read } = readFrom(Buffer.alloc(1));
    await expect(volume.fetch({ sha256, size: 1 }, read)).rejects.toThrow("is not a sha256");
  },
);

test.skipIf(!canMount)("a full disk is named, and what is staged already is kept", async () => {
  await using disk = await smallFileSystem(2.5 * CHUNK_SIZE);
  const volume = await StagingVolume.open(disk.path, pool);
  const before = testContent(93);
  await volume.fetch({ sha256: before.sha256, size: 93 }, readFrom(before.bytes).read);
  const { bytes, sha256 } = testContent(LARGE);
  await expect(volume.fetch({ sha256, size: LARGE }, readFrom(bytes).read)).rejects.toMatchObject({
    name: "HostError",
    code: "NO_SPACE",
    message: expect.stringContaining(disk.path),
  });
  expect(await volume.find({ sha256: before.sha256 })).toBeDefined();
  await using writer = volume.createContent();
  const writing = async () => {
    for (let i = 0; i < 3; i += 1) await writer.write(bytes.subarray(0, CHUNK_SIZE));
    await writer.commit();
  };
  await expect(writing()).rejects.toMatchObject({ code: "NO_SPACE" });
});

test.skipIf(!canMount)("a directory that may not be written to is named", async () => {
  await using disk = await smallFileSystem(CHUNK_SIZE);
  await disk.makeReadOnly();
  await expect(StagingVolume.open(disk.path, pool)).rejects.toMatchObject({
    code: "NO_RIGHTS",
    message: expect.stringContaining(disk.path),
  });
});

test("a staging directory that is a file is named", async () => {
  await using dir = await temporaryDirectory();
  const path = join(dir.path, "staging");
  await writeFile(path, "");
  await expect(StagingVolume.open(path, pool)).rejects.toMatchObject({
    name: "HostError",
    message: expect.stringContaining(path),
  });
});

test("many may open a staging volume at once that is not there yet", async () => {
  await using dir = await temporaryDirectory();
  const path = join(dir.path, "a/b/c");
  const open = Array.from({ length: 20 }, () => StagingVolume.open(path, pool));
  expect(new Set((await Promise.all(open)).map(({ directory }) => directory))).toEqual(
    new Set([path]),
  );
});

test.skipIf(process.platform !== "linux")("says so where no directory can be made", async () => {
  await expect(StagingVolume.open("/proc/no/staging", pool)).rejects.toMatchObject({
    name: "HostError",
    message: expect.stringContaining("/proc/no/staging"),
  });
});

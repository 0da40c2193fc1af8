import { mkdir, readFile, readdir, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { CHUNK_SIZE } from "../../src/core/chunks/chunk.ts";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { StagingVolume } from "../../src/staging/staging-volume.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { damaged, testContent } from "./test-content.ts";

const pool = new ChunkPool();
afterAll(() => pool[Symbol.asyncDispose]());

const SIZE = CHUNK_SIZE + 77;
const { bytes, sha256 } = testContent(SIZE);
const wanted = { sha256, size: SIZE, label: 'blob of "tiny"', asModelBlob: true };

test("takes a file where it lies, neither copied nor changed, and remembers that it was hashed", async () => {
  await using dir = await temporaryDirectory();
  const path = join(dir.path, "blob");
  await writeFile(path, bytes);
  await utimes(path, 5, 5);
  const before = await stat(path);
  const volume = await StagingVolume.open(join(dir.path, "staging"), pool);
  const adopted = await volume.adopt(path, wanted);
  expect(adopted).toMatchObject({ path, sha256, size: SIZE, layerDiffId: expect.any(String) });
  expect(await stat(path)).toMatchObject({ mtimeMs: before.mtimeMs, ino: before.ino, size: SIZE });
  expect(await readdir(join(dir.path, "staging/blobs/sha256"))).toEqual([]);

  // With the same size and time, only hashing could tell that this is not the same file.
  const altered = damaged(bytes, 5);
  await writeFile(path, altered);
  await utimes(path, 5, 5);
  const later = await StagingVolume.open(join(dir.path, "staging"), pool);
  expect(await later.adopt(path, wanted)).toEqual(adopted);
  await utimes(path, 6, 6);
  await expect(later.adopt(path, wanted)).rejects.toMatchObject({ code: "WRONG_CONTENT" });
});

test("names path, found and expected when the content is another", async () => {
  await using dir = await temporaryDirectory();
  const volume = await StagingVolume.open(join(dir.path, "staging"), pool);
  const path = join(dir.path, "blob");
  const altered = damaged(bytes, SIZE - 1);
  await writeFile(path, altered);
  const error = await volume.adopt(path, wanted).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ name: "SourceError", code: "WRONG_CONTENT" });
  expect(String(error)).toContain(`"${path}"`);
  expect(String(error)).toContain('blob of "tiny"');
  expect(String(error)).toMatch(
    new RegExp(`hashes to sha256:(?!${sha256}).*expected sha256:${sha256}`),
  );
  expect((await readFile(path)).equals(altered)).toBe(true);
});

test("names both sizes when the file is cut off", async () => {
  await using dir = await temporaryDirectory();
  const volume = await StagingVolume.open(join(dir.path, "staging"), pool);
  const path = join(dir.path, "blob");
  await writeFile(path, bytes.subarray(0, SIZE - 1));
  await expect(volume.adopt(path, wanted)).rejects.toMatchObject({
    code: "WRONG_CONTENT",
    message: expect.stringContaining(`it has ${SIZE - 1} bytes, expected ${SIZE}`),
  });
});

test("follows a link to a blob on another disk, and says when it leads nowhere", async () => {
  await using dir = await temporaryDirectory();
  const volume = await StagingVolume.open(join(dir.path, "staging"), pool);
  await writeFile(join(dir.path, "real"), bytes);
  await symlink("real", join(dir.path, "link"));
  await symlink("gone", join(dir.path, "dangling"));
  expect(await volume.adopt(join(dir.path, "link"), wanted)).toMatchObject({
    path: join(dir.path, "real"),
  });
  await expect(volume.adopt(join(dir.path, "dangling"), wanted)).rejects.toMatchObject({
    code: "INCOMPLETE",
    message: expect.stringContaining("a link to a file that is not there"),
  });
});

test("says what is missing, and what is no file", async () => {
  await using dir = await temporaryDirectory();
  const volume = await StagingVolume.open(join(dir.path, "staging"), pool);
  await mkdir(join(dir.path, "directory"));
  await expect(volume.adopt(join(dir.path, "gone"), wanted)).rejects.toMatchObject({
    code: "INCOMPLETE",
    message: expect.stringContaining(join(dir.path, "gone")),
  });
  await expect(volume.adopt(join(dir.path, "directory"), wanted)).rejects.toMatchObject({
    message: expect.stringContaining("not a regular file"),
  });
});

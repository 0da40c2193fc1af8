import { readFile } from "node:fs/promises";
import { expect } from "vitest";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import type { StagedImage } from "../../src/source/source.ts";
import { StagingVolume } from "../../src/staging/staging-volume.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import type { ImageOfPlatform } from "./push-image.ts";
import { type SavedImage, compressions, savedImage } from "./saved-image.ts";

export const AMD64 = { os: "linux", architecture: "amd64" };
export const S390X = { os: "linux", architecture: "s390x" };

/** An empty staging volume and a directory for a test's files. */
export async function openImagePlace() {
  await using stack = new AsyncDisposableStack();
  const pool = stack.use(new ChunkPool());
  const { path } = stack.use(await temporaryDirectory());
  const { path: staging } = stack.use(await temporaryDirectory());
  const volume = await StagingVolume.open(staging, pool);
  const open = stack.move();
  return { path, staging, volume, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

/** An image whose layers have this compression: `none`, `gzip` or `zstd`. */
export function imageOf(
  platform: ImageOfPlatform["platform"],
  contents: readonly string[],
  compression = "gzip",
): ImageOfPlatform {
  const compress = compressions[compression] ?? ((layer: Buffer) => layer);
  return { platform, image: savedImage(contents, { platform, compress }) };
}

/** Config untouched, layers uncompressed. */
export async function expectStaged(staged: StagedImage, image: SavedImage): Promise<void> {
  expect(await readFile(staged.config.path)).toEqual(image.config);
  expect(staged.layers.map(({ sha256 }) => `sha256:${sha256}`)).toEqual(image.diffIds);
}

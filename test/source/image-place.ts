import { readFile } from "node:fs/promises";
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
  return { path, staging, pool, volume, [Symbol.asyncDispose]: () => open.disposeAsync() };
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

type Content = Pick<SavedImage, "config" | "diffIds">;

/** What was staged: to be compared with {@link contentOf} the image. */
export async function stagedContent({ config, layers }: StagedImage): Promise<Content> {
  const diffIds = layers.map(({ sha256 }) => `sha256:${sha256}`);
  return { config: await readFile(config.path), diffIds };
}

/** Config untouched, layers uncompressed. */
export function contentOf({ config, diffIds }: SavedImage): Content {
  return { config, diffIds };
}

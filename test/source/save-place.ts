import { Readable } from "node:stream";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { tarOf } from "../../src/core/tar.ts";
import { readDockerSave } from "../../src/source/docker-save.ts";
import type { StagedImage } from "../../src/source/source.ts";
import { StagingVolume } from "../../src/staging/staging-volume.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import type { SavedFile } from "./saved-image.ts";

/** The image that is wanted, unless a test says otherwise. */
export const REFERENCE = "docker.io/example/image:1";

/** A staging volume into which archives of `docker save` are read. */
export async function openSavePlace() {
  await using stack = new AsyncDisposableStack();
  const pool = stack.use(new ChunkPool());
  const { path: directory } = stack.use(await temporaryDirectory());
  const volume = await StagingVolume.open(directory, pool);
  const readArchive = (tar: Readable, options: object = {}): Promise<StagedImage> =>
    readDockerSave(tar, { volume, reference: REFERENCE, platform: "linux/amd64", ...options });
  const read = (files: readonly SavedFile[], options: object = {}): Promise<StagedImage> =>
    readArchive(Readable.from([tarOf(files)]), options);
  const open = stack.move();
  return { directory, readArchive, read, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

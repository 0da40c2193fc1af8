import { copyFile, mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type StoreFile, writeModel } from "../../test/support/tiny-models.ts";
import type { BenchEngine } from "./bench-engine.ts";

/** A package as people make it by hand: `models/`, a store; Dockerfile.models; with an engine `image.tar`, of `docker save`. */
export interface Content {
  readonly directory: string;
  readonly store: string;
  readonly image: string;
  /** The files of the store, absolute. */
  readonly files: readonly string[];
  /** Of the model "large". */
  readonly largeBlobs: readonly StoreFile[];
  readonly modelsSize: number;
  readonly imageSize: number;
}

/** Makes incompressible models of about so many bytes, "large" and "small", and an image. */
export async function makeContent(
  directory: string,
  size: number,
  engine: BenchEngine | undefined,
): Promise<Content> {
  const [store, image] = [join(directory, "models"), join(directory, "image.tar")];
  await mkdir(store, { recursive: true });
  const large = await writeModel(store, { name: "large", size: size * 0.75, seed: 1 });
  const small = await writeModel(store, { name: "small", size: size * 0.25, seed: 2 });
  const dockerfile = join(import.meta.dirname, "../../dockerfiles/Dockerfile.models");
  await copyFile(dockerfile, join(directory, "Dockerfile.models"));
  await writeFile(join(directory, ".dockerignore"), "image.tar\n");
  await engine?.writeImage(image, join(directory, "scratch"));
  const paths = new Set([...large.files, ...small.files].map(({ path }) => join(store, path)));
  return {
    directory,
    store,
    image,
    files: [...paths],
    largeBlobs: large.files.filter(({ path }) => path.startsWith("blobs/")),
    modelsSize: large.size + small.size,
    imageSize: engine === undefined ? 0 : (await stat(image)).size,
  };
}

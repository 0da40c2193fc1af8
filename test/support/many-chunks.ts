import type { BundleContents } from "../../src/bundle/bundle-contents.ts";
import { CHUNK_SIZE } from "../../src/core/chunks/chunk.ts";
import { parseModelName } from "../../src/core/model-name.ts";
import { noise, smallContents, stagedFile } from "./small-bundle.ts";

/** A bundle of an image and two models, one of a file of two chunks, one of `count` files of a chunk each. */
export async function manyChunks(
  directory: string,
  { count = 40, seed = 1 } = {},
): Promise<BundleContents> {
  const contents = await smallContents(directory, noise(CHUNK_SIZE + 70_001, seed));
  const blobs = await Promise.all(
    Array.from({ length: count }, (_, at) =>
      stagedFile(directory, noise(40_000 + at, seed + at + 3)),
    ),
  );
  const layers = blobs.map(({ sha256, size }) => ({
    mediaType: "application/vnd.ollama.image.tensor",
    digest: `sha256:${sha256}`,
    size,
  }));
  const many = {
    name: parseModelName("many"),
    manifestBytes: Buffer.from(JSON.stringify({ schemaVersion: 2, layers })),
    manifest: { layers: [] },
    blobs,
    facts: {
      size: blobs.reduce((sum, { size }) => sum + size, 0),
      capabilities: ["completion"],
      licenses: [],
    },
  };
  return { ...contents, models: [...contents.models, many] };
}

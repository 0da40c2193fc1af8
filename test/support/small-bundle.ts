import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BundleContents } from "../../src/bundle/bundle-contents.ts";
import { type WrittenBundle, writeBundle } from "../../src/bundle/write-bundle.ts";
import { CHUNK_SIZE, chunkCount } from "../../src/core/chunks/chunk.ts";
import type { ChunkPool } from "../../src/core/chunks/pool.ts";
import { newSealKey, sealOf } from "../../src/core/chunks/seal.ts";
import { sha256Hex } from "../../src/core/digest.ts";
import { parseModelName } from "../../src/core/model-name.ts";
import type { StagedFile } from "../../src/staging/staged-file.ts";

/** Bytes that do not compress, the same for the same seed. */
export function noise(size: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(size);
  let state = seed;
  for (let at = 0; at + 4 <= size; at += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes.writeInt32LE(state, at);
  }
  return bytes;
}

/** A file as the staging volume would hand it over. */
export async function stagedFile(directory: string, content: Buffer): Promise<StagedFile> {
  const sha256 = sha256Hex(content);
  const path = join(directory, sha256);
  await writeFile(path, content);
  const pieces = Array.from({ length: chunkCount(content.length) }, (_, index) =>
    content.subarray(index * CHUNK_SIZE, (index + 1) * CHUNK_SIZE),
  );
  const chunks = pieces.map(sha256Hex);
  if (chunks.length < 2) return { path, size: content.length, sha256, chunks };
  const key = newSealKey();
  const ofChunks = pieces.map((piece, index) =>
    sealOf([piece], chunks[index] ?? "", { key, index }),
  );
  return { path, size: content.length, sha256, chunks, seals: { key, ofChunks } };
}

/** An Ollama image with these layers. */
export async function stagedImage(
  directory: string,
  contents: readonly Buffer[],
): Promise<BundleContents["images"][number]> {
  const layers = await Promise.all(contents.map((content) => stagedFile(directory, content)));
  const diffIds = layers.map(({ sha256 }) => `sha256:${sha256}`);
  const config = {
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers", diff_ids: diffIds },
  };
  return {
    reference: "docker.io/ollama/ollama:0.24.0",
    platform: "linux/amd64",
    role: "ollama",
    ollamaVersion: "0.24.0",
    config: await stagedFile(directory, Buffer.from(JSON.stringify(config))),
    layers,
  };
}

/** What a small bundle holds: an image of two layers, one of which deflates well, and a model of stored and deflated chunks. */
export async function smallContents(
  directory: string,
  weights = noise(CHUNK_SIZE + 70_001),
  seed = 2,
): Promise<BundleContents> {
  const blobs = [
    await stagedFile(directory, weights),
    await stagedFile(directory, Buffer.from("{}")),
    await stagedFile(directory, Buffer.alloc(0)),
  ];
  const layer = ({ sha256, size }: StagedFile): object => ({
    mediaType: "application/vnd.ollama.image.model",
    digest: `sha256:${sha256}`,
    size,
  });
  const manifest = { schemaVersion: 2, layers: blobs.map(layer) };
  return {
    name: "small",
    platform: "linux/amd64",
    images: [await stagedImage(directory, [Buffer.alloc(200_000, "layer "), noise(90_000, seed)])],
    models: [
      {
        name: parseModelName("tiny"),
        manifestBytes: Buffer.from(JSON.stringify(manifest)),
        manifest: { layers: [] },
        blobs,
        facts: {
          size: blobs.reduce((sum, { size }) => sum + size, 0),
          capabilities: ["completion"],
          licenses: ["MIT"],
        },
      },
    ],
  };
}

/** Writes a small bundle into a directory. */
export async function writeSmallBundle(
  directory: string,
  pool: ChunkPool,
  contents?: BundleContents,
): Promise<WrittenBundle> {
  return writeBundle(
    contents ?? (await smallContents(directory)),
    { path: join(directory, "small.tar.gz"), pool },
    {},
  );
}

import { open } from "node:fs/promises";
import { join } from "node:path";
import { layoutOf } from "../../src/bundle/layout.ts";
import { type ModelsJson, encodeModelsJson } from "../../src/bundle/models-json.ts";
import { CHUNK_SIZE } from "../../src/core/chunks/chunk.ts";
import { packChunk } from "../../src/core/chunks/pack-chunk.ts";
import { BUFFER_SIZE } from "../../src/core/chunks/pool.ts";

const HEX = "0".repeat(64);

/** MODELS.json of one file of zeros. `size` is a multiple of the chunk size; the file's own digest is made up. */
export function manifestOfZeros(size: number): {
  readonly manifest: ModelsJson;
  /** The gzip member of each of its chunks. */
  readonly member: Buffer;
} {
  const buffer = Buffer.alloc(BUFFER_SIZE);
  const { memberSize, ...chunk } = packChunk(buffer, { source: Buffer.alloc(CHUNK_SIZE) });
  const chunks = Array.from({ length: size / CHUNK_SIZE }, () => chunk);
  const manifest: ModelsJson = {
    schemaVersion: 1,
    name: "zeros",
    tool: { name: "test", version: "0" },
    platform: "linux/amd64",
    chunkSize: CHUNK_SIZE,
    mtime: 0,
    images: [],
    models: [],
    modelLayers: [],
    files: [{ path: `models/blobs/sha256-${HEX}`, size, sha256: HEX, chunks }],
  };
  return { manifest, member: Buffer.from(buffer.subarray(0, memberSize)) };
}

/** A whole bundle of `size` bytes of content and a thousandth of that on disk. Returns its path. */
export async function writeBundleOfZeros(directory: string, size: number): Promise<string> {
  const { manifest, member } = manifestOfZeros(size);
  const { segments, trailing } = layoutOf(manifest, encodeModelsJson(manifest));
  const own = new Map(trailing.map((file) => [file.path, file]));
  const path = join(directory, "zeros.tar.gz");
  await using file = await open(path, "wx");
  for (const segment of segments) {
    const bytes =
      segment.kind === "literal"
        ? segment.bytes()
        : (own.get(segment.file.path)?.member(segment.index) ?? member);
    await file.writeFile(bytes);
  }
  return path;
}

import { type LayerFile, modelLayerFrame, modelLayerSize } from "../core/model-layer.ts";
import { manifestPath } from "../core/model-name.ts";
import { CHUNK_SIZE, chunkSizeAt } from "../core/chunks/chunk.ts";
import type { ChunkPool, Lease } from "../core/chunks/pool.ts";
import type { StagedModel } from "../source/source.ts";
import type { StagedFile } from "../staging/staged-file.ts";
import { hasCode } from "../core/errors.ts";
import { ChangedFileError } from "./changed-file-error.ts";
import { GatheredPieces } from "./output/gathered-pieces.ts";
import { layersOf } from "./layers-of.ts";
import type { ModelLayer } from "./models-json.ts";
import { readAhead } from "./read-ahead.ts";

/** Parts of a layer that are being read at a time. */
const AHEAD = 4;

/** A layer's files: where each is in the store that the image holds, and its bytes on this machine. */
interface PlannedLayer {
  readonly files: readonly (LayerFile & { readonly from: StagedFile | Buffer })[];
}

/** The layers of {@link layersOf}, hashed: those in which `install --models-in image` loads the models. */
export async function planModelLayers(
  models: readonly StagedModel[],
  pool: ChunkPool,
): Promise<ModelLayer[]> {
  const layers = layersOf(
    models.map(({ name, manifestBytes, blobs }) => ({
      manifest: { path: manifestPath(name), size: manifestBytes.length, from: manifestBytes },
      blobs: blobs.map(blobFile),
    })),
  );
  return Promise.all(layers.map((files) => describeLayer({ files }, pool)));
}

function blobFile(blob: StagedFile): PlannedLayer["files"][number] {
  return { path: `blobs/sha256-${blob.sha256}`, size: blob.size, from: blob };
}

async function describeLayer({ files }: PlannedLayer, pool: ChunkPool): Promise<ModelLayer> {
  const diffId = `sha256:${knownDiffId(files) ?? (await hashLayer(files, pool))}`;
  return { diffId, size: modelLayerSize(files), paths: files.map(({ path }) => `models/${path}`) };
}

/** A large blob's own layer was hashed when it was staged. */
function knownDiffId(files: PlannedLayer["files"]): string | undefined {
  const [first, ...more] = files;
  return first === undefined || more.length > 0 || Buffer.isBuffer(first.from)
    ? undefined
    : first.from.layerDiffId;
}

async function hashLayer(files: PlannedLayer["files"], pool: ChunkPool): Promise<string> {
  const hash = pool.sequentialHash();
  const pieces = new GatheredPieces((bytes) => hash.updateRuns([bytes]));
  for await (const part of readAhead(partsOf(files), { ahead: AHEAD }, (each) =>
    readPart(each, pool),
  )) {
    using held = part;
    await pieces.add(held.bytes);
  }
  await pieces.flush();
  return hash.digest();
}

/** The layer's tar: bytes, and where on this machine the others are. */
function* partsOf(files: PlannedLayer["files"]): Generator<Buffer | StagedChunk> {
  const { before, end } = modelLayerFrame(files);
  for (const [index, { from }] of files.entries()) {
    yield before(index);
    if (Buffer.isBuffer(from)) yield from;
    else for (const index of from.chunks.keys()) yield { file: from, index };
  }
  yield end;
}

interface StagedChunk {
  readonly file: StagedFile;
  readonly index: number;
}

async function readPart(
  part: Buffer | StagedChunk,
  pool: ChunkPool,
): Promise<Disposable & { readonly bytes: Buffer }> {
  if (Buffer.isBuffer(part)) return { bytes: part, [Symbol.dispose]: () => {} };
  const lease = await pool.lease();
  try {
    const length = await readChunk(part, { pool, lease });
    return {
      bytes: lease.bytes.subarray(0, length),
      [Symbol.dispose]: () => lease[Symbol.dispose](),
    };
  } catch (error) {
    lease[Symbol.dispose]();
    throw error;
  }
}

async function readChunk(
  { file, index }: StagedChunk,
  { pool, lease }: { readonly pool: ChunkPool; readonly lease: Lease },
): Promise<number> {
  const { path, size, chunks } = file;
  const extent = { path, offset: index * CHUNK_SIZE, length: chunkSizeAt(size, index) };
  try {
    const { length, sha256 } = await pool.run("readAndDigest", lease, extent);
    if (sha256 === chunks[index]) return length;
  } catch (error) {
    throw hasCode(error, "ENOENT") ? new ChangedFileError(file, error) : error;
  }
  throw new ChangedFileError(file);
}

import { CHUNK_SIZE, type PackedChunk, chunkSizeAt } from "../core/chunks/chunk.ts";
import { ENDED_EARLY, type PackTask, SEAL_BROKEN } from "../core/chunks/pack-chunk.ts";
import type { ChunkPool, Lease } from "../core/chunks/pool.ts";
import type { SealedDigest } from "../core/chunks/seal.ts";
import { hasCode } from "../core/errors.ts";
import { giveBack } from "../core/give-back.ts";
import { type WorkOptions, countBytes } from "../core/progress.ts";
import { tarPadding } from "../core/tar-header.ts";
import type { BundleOutput } from "./output/bundle-output.ts";
import { ChangedFileError } from "./changed-file-error.ts";
import { leadBytes } from "./layout.ts";
import type { BundledFile, ModelsJson } from "./models-json.ts";
import type { PackEntry } from "./pack-entry.ts";
import { readAhead } from "./read-ahead.ts";

/** Chunks that are being read, hashed and deflated at a time. */
const AHEAD = 4;

/**
 * Writes the entries as FORMAT.md lays them out and returns what MODELS.json has to say of them. Every chunk is hashed again
 * on its way, or its seal computed: a file that changed since it was staged is a {@link SourceError}.
 */
export async function packFiles(
  {
    pool,
    output,
    head,
  }: {
    readonly pool: ChunkPool;
    readonly output: BundleOutput;
    readonly head: Pick<ModelsJson, "name" | "mtime">;
  },
  entries: readonly PackEntry[],
  { signal, onProgress }: WorkOptions,
): Promise<BundledFile[]> {
  const count = countBytes(
    "bundle",
    entries.reduce((sum, { size }) => sum + size, 0),
    onProgress,
  );
  const files = entries.map(({ path, size, sha256 }) => ({
    path,
    size,
    sha256,
    chunks: [] as PackedChunk[],
  }));
  let written = 0;
  const writeLeadsBefore = async (end: number): Promise<void> => {
    for (; written < end; written += 1) {
      const padding = tarPadding(files[written - 1]?.size ?? 0);
      const file = files[written];
      if (file === undefined) continue;
      const lead = leadBytes(head, file, padding);
      await output.write(lead);
      giveBack(lead);
    }
  };
  for await (const packed of readAhead(chunkJobs(entries), { ahead: AHEAD, signal }, (job) =>
    packOne(pool, job),
  )) {
    using lease = packed.lease;
    await writeLeadsBefore(packed.entryIndex + 1);
    files[packed.entryIndex]?.chunks.push(packed.chunk);
    await output.write(lease.bytes.subarray(0, packed.memberSize));
    count(packed.contentSize);
  }
  await writeLeadsBefore(files.length);
  return files;
}

interface ChunkJob {
  readonly entry: PackEntry;
  readonly entryIndex: number;
  readonly index: number;
}

interface PackedJob extends Disposable {
  readonly lease: Lease;
  readonly entryIndex: number;
  readonly chunk: PackedChunk;
  readonly memberSize: number;
  readonly contentSize: number;
}

function* chunkJobs(entries: readonly PackEntry[]): Generator<ChunkJob> {
  for (const [entryIndex, entry] of entries.entries()) {
    for (const index of entry.chunks.keys()) yield { entry, entryIndex, index };
  }
}

async function packOne(
  pool: ChunkPool,
  { entry, entryIndex, index }: ChunkJob,
): Promise<PackedJob> {
  const lease = await pool.lease();
  try {
    const contentSize = chunkSizeAt(entry.size, index);
    const { memberSize, ...chunk } = await pool.run("packChunk", lease, {
      source: sourceOf(entry, index, contentSize),
      sealed: sealedDigest(entry, index),
    });
    if (chunk.sha256 !== entry.chunks[index]) throw new ChangedFileError(entry);
    return {
      lease,
      entryIndex,
      chunk,
      memberSize,
      contentSize,
      [Symbol.dispose]: () => lease[Symbol.dispose](),
    };
  } catch (error) {
    lease[Symbol.dispose]();
    if (hasCode(error, "ENOENT", ENDED_EARLY, SEAL_BROKEN))
      throw new ChangedFileError(entry, error);
    throw error;
  }
}

function sealedDigest({ seals, chunks }: PackEntry, index: number): SealedDigest | undefined {
  const [seal, sha256] = [seals?.ofChunks[index], chunks[index]];
  if (seals === undefined || seal === undefined || sha256 === undefined) return undefined;
  return { key: seals.key, index, sha256, seal };
}

function sourceOf({ from }: PackEntry, index: number, length: number): PackTask["source"] {
  const offset = index * CHUNK_SIZE;
  return typeof from === "string"
    ? { path: from, offset, length }
    : from.subarray(offset, offset + length);
}

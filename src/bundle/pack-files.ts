import { CHUNK_SIZE, type PackedChunk } from "../core/chunks/chunk.ts";
import { ENDED_EARLY, type PackTask, SEAL_BROKEN } from "../core/chunks/pack-chunk.ts";
import type { ChunkPool, LeasedBytes } from "../core/chunks/pool.ts";
import type { SealedDigest } from "../core/chunks/seal.ts";
import { hasCode } from "../core/errors.ts";
import { giveBack } from "../core/give-back.ts";
import { type WorkOptions, countBytes } from "../core/progress.ts";
import { tarPadding } from "../core/tar-header.ts";
import type { BundleOutput } from "./output/bundle-output.ts";
import { type ChunkJob, ChunkJobs } from "./chunk-jobs.ts";
import { ChangedFileError } from "./changed-file-error.ts";
import { type Head, leadBytes } from "./layout.ts";
import type { BundledFile } from "./models-json.ts";
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
    readonly head: Head;
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
  const jobs = new ChunkJobs({ head, entries, position: output.size });
  const pack = async (job: ChunkJob): Promise<PackedJob> => {
    const packed = await packOne(pool, job);
    jobs.wasPacked(packed.bytes.length, job.size);
    return packed;
  };
  for await (const packed of readAhead(jobs.inOrder(), { ahead: AHEAD, signal }, pack)) {
    using owned = new DisposableStack();
    const { entryIndex, chunk, contentSize } = owned.use(packed);
    await writeLeadsBefore(entryIndex + 1);
    files[entryIndex]?.chunks.push(chunk);
    owned.move();
    await output.take(packed);
    count(contentSize);
  }
  await writeLeadsBefore(files.length);
  return files;
}

/** The bytes are the member's. */
interface PackedJob extends LeasedBytes {
  readonly entryIndex: number;
  readonly chunk: PackedChunk;
  readonly contentSize: number;
}

async function packOne(pool: ChunkPool, job: ChunkJob): Promise<PackedJob> {
  const { entry, entryIndex, index, size, at } = job;
  const lease = await pool.lease();
  try {
    const { memberSize, ...chunk } = await pool.run("packChunk", lease, {
      source: sourceOf(entry, index, size),
      at,
      sealed: sealedDigest(entry, index),
    });
    if (chunk.sha256 !== entry.chunks[index]) throw new ChangedFileError(entry);
    const bytes = lease.bytes.subarray(at, at + memberSize);
    return { ...lease, bytes, entryIndex, chunk, contentSize: size };
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

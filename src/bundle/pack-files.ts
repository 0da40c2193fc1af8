import { CHUNK_SIZE, type PackedChunk, chunkSizeAt } from "../core/chunks/chunk.ts";
import { storedMemberSize } from "../core/chunks/gzip-member.ts";
import { ENDED_EARLY, type PackTask, SEAL_BROKEN } from "../core/chunks/pack-chunk.ts";
import type { ChunkPool, Lease } from "../core/chunks/pool.ts";
import type { SealedDigest } from "../core/chunks/seal.ts";
import { hasCode } from "../core/errors.ts";
import { giveBack } from "../core/give-back.ts";
import { PAGE_SIZE } from "../core/page-aligned-buffer.ts";
import { type WorkOptions, countBytes } from "../core/progress.ts";
import { tarPadding } from "../core/tar-header.ts";
import type { BundleOutput } from "./output/bundle-output.ts";
import { ChangedFileError } from "./changed-file-error.ts";
import { leadBytes, leadSize } from "./layout.ts";
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
  const jobs = new ChunkJobs(head, entries);
  for await (const packed of readAhead(jobs, { ahead: AHEAD, signal }, (job) =>
    packOne(pool, job),
  )) {
    using owned = new DisposableStack();
    const { entryIndex, chunk, bytes, contentSize } = owned.use(packed);
    jobs.wasPacked(bytes.length, contentSize);
    await writeLeadsBefore(entryIndex + 1);
    files[entryIndex]?.chunks.push(chunk);
    owned.move();
    await output.take(packed);
    count(contentSize);
  }
  await writeLeadsBefore(files.length);
  return files;
}

interface ChunkJob {
  readonly entry: PackEntry;
  readonly entryIndex: number;
  readonly index: number;
  /** Bytes of content. */
  readonly size: number;
  /** Where in a page of memory its member is to begin. */
  readonly at: number;
}

/** The bytes are the member's. */
interface PackedJob extends Lease {
  readonly entryIndex: number;
  readonly chunk: PackedChunk;
  readonly contentSize: number;
}

/**
 * Every chunk in order, and where in a page of the file its member will begin if all that are still being packed are stored. It
 * is packed there in a page of memory, and written without a copy if that comes true: weights are stored, and so are those before them.
 */
class ChunkJobs implements Iterable<ChunkJob> {
  readonly #head: Parameters<typeof leadSize>[0];
  readonly #entries: readonly PackEntry[];
  #position = 0;

  constructor(head: Parameters<typeof leadSize>[0], entries: readonly PackEntry[]) {
    this.#head = head;
    this.#entries = entries;
  }

  *[Symbol.iterator](): Generator<ChunkJob> {
    let padding = 0;
    for (const [entryIndex, entry] of this.#entries.entries()) {
      this.#position += leadSize(this.#head, entry, padding);
      padding = tarPadding(entry.size);
      for (const index of entry.chunks.keys()) {
        const size = chunkSizeAt(entry.size, index);
        yield { entry, entryIndex, index, size, at: this.#position % PAGE_SIZE };
        this.#position += storedMemberSize(size);
      }
    }
  }

  wasPacked(memberSize: number, contentSize: number): void {
    this.#position += memberSize - storedMemberSize(contentSize);
  }
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
    return {
      bytes: lease.bytes.subarray(at, at + memberSize),
      entryIndex,
      chunk,
      contentSize: size,
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

import { chunkSizeAt } from "../core/chunks/chunk.ts";
import { storedMemberSize } from "../core/chunks/gzip-member.ts";
import { PAGE_SIZE } from "../core/page-aligned-buffer.ts";
import { tarPadding } from "../core/tar-header.ts";
import { type Head, leadSize } from "./layout.ts";
import type { PackEntry } from "./pack-entry.ts";

/** One chunk that is to be packed. */
export interface ChunkJob {
  readonly entry: PackEntry;
  readonly entryIndex: number;
  readonly index: number;
  /** Bytes of content. */
  readonly size: number;
  /** How far into a page of memory its member is to begin. */
  readonly at: number;
}

/**
 * The chunks of all entries, and how far into a page of the file each will begin if all that are not packed yet become stored.
 * Where that comes true it is written from where it was packed (`output/output-blocks.ts`), without a copy: so it does for weights.
 */
export class ChunkJobs {
  readonly #head: Head;
  readonly #entries: readonly PackEntry[];
  #position: number;

  /** `position` is where in the file the first entry's header begins. */
  constructor({
    head,
    entries,
    position,
  }: {
    readonly head: Head;
    readonly entries: readonly PackEntry[];
    readonly position: number;
  }) {
    this.#head = head;
    this.#entries = entries;
    this.#position = position;
  }

  /** To be asked for one after another, while those before are packed. */
  *inOrder(): Generator<ChunkJob> {
    let padding = 0;
    for (const [entryIndex, entry] of this.#entries.entries()) {
      this.#position += leadSize(this.#head, entry, padding);
      padding = tarPadding(entry.size);
      for (const index of entry.chunks.keys()) {
        const size = chunkSizeAt(entry.size, index);
        const at = this.#position % PAGE_SIZE;
        this.#position += storedMemberSize(size);
        yield { entry, entryIndex, index, size, at };
      }
    }
  }

  /** Is told, in any order, how large the member of a chunk became. */
  wasPacked(memberSize: number, contentSize: number): void {
    this.#position += memberSize - storedMemberSize(contentSize);
  }
}

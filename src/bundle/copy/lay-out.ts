import { formatCount } from "../../core/format-count.ts";
import { HostError } from "../../core/errors.ts";
import type { CopyItem } from "./cargo.ts";
import type { Medium } from "./medium.ts";

/** For what a file system writes beside the content of files. */
const SLACK = 1024 * 1024;

/** A medium, and what has to go there beside any part. */
export interface Slot {
  readonly medium: Medium;
  readonly companions: readonly CopyItem[];
}

export interface LaidOut {
  /** What is copied to each medium, in the order of the slots. */
  readonly loads: readonly (readonly CopyItem[])[];
  /** What no medium has room for. */
  readonly left: readonly CopyItem[];
}

/**
 * Lays items over media in order: a medium is filled until the next item does not fit any more. Throws {@link HostError} for
 * an item that is larger than a file may be there.
 */
export function layOut(items: readonly CopyItem[], slots: readonly Slot[]): LaidOut {
  const left = [...items];
  const loads = slots.map((slot) => {
    const load: CopyItem[] = [];
    let room = roomIn(slot);
    for (const item of left) {
      assertHolds(slot.medium, item);
      room -= taken(item, slot.medium);
      if (room < 0) break;
      load.push(item);
    }
    left.splice(0, load.length);
    return load;
  });
  return { loads, left };
}

/** Bytes that parts may take. */
export function roomIn({ medium, companions }: Slot): number {
  const beside = companions.reduce((sum, item) => sum + taken(item, medium), SLACK);
  return Math.max(0, medium.free - beside);
}

function taken({ bytes }: CopyItem, { blockSize }: Medium): number {
  return Math.ceil(bytes / blockSize) * blockSize;
}

function assertHolds({ directory, largestFile }: Medium, { called, bytes }: CopyItem): void {
  if (bytes <= largestFile) return;
  throw new HostError(
    "NO_SPACE",
    `Cannot copy ${called} to "${directory}": it has ${formatCount(bytes)} bytes, and the file system there, FAT, holds files of up to ${formatCount(largestFile)}`,
    {
      hint: "Create the bundle with `--split fat32`, or cut it with `bundle split FILE fat32`; or format the medium as exFAT.",
    },
  );
}

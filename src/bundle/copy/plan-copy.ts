import { stat } from "node:fs/promises";
import { join } from "node:path";
import { formatCount } from "../../core/format-count.ts";
import { HostError } from "../../core/errors.ts";
import { undefinedWhereMissing } from "../../core/files.ts";
import type { Cargo, CopyItem } from "./cargo.ts";
import type { CopyWork } from "./copy-item.ts";
import { findCopies } from "./find-copies.ts";
import { type Slot, layOut, roomIn } from "./lay-out.ts";
import type { Medium } from "./medium.ts";

/** What is done with one medium. */
export interface PlannedMedium {
  readonly medium: Medium;
  /** In the order in which they are copied. */
  readonly items: readonly CopyItem[];
  /** Names of what it already has. */
  readonly found: ReadonlySet<string>;
}

export interface CopyPlan {
  readonly media: readonly PlannedMedium[];
  /** Names of parts that no medium has room for. */
  readonly left: readonly string[];
  /** Names of parts that are neither here nor there. */
  readonly absent: readonly string[];
}

/**
 * Reads what the media already have, and lays out the rest but what was copied `earlier`. The companions come last, to every
 * medium that has something of the bundle. Throws {@link HostError} where nothing can be copied, or a file is in the way.
 */
export async function planCopy(
  {
    items,
    absent,
    companions,
  }: Pick<Cargo, "items" | "absent"> & { companions: readonly CopyItem[] },
  media: readonly Medium[],
  { earlier, ...work }: CopyWork & { readonly earlier: ReadonlySet<string> },
): Promise<CopyPlan> {
  const copies = await findCopies([...items, ...companions], media, work);
  const found = new Set(copies.flatMap((names) => [...names]));
  const slots = media.map((medium, index) => ({
    medium,
    companions: companions.filter(({ name }) => copies[index]?.has(name) !== true),
  }));
  const wanted = items.filter(({ name }) => !found.has(name) && !earlier.has(name));
  const { loads, left } = layOut(wanted, slots);
  const isAnyThere = items.some(({ name }) => found.has(name)) || left.length < wanted.length;
  if (left[0] !== undefined && !isAnyThere) throw noRoom(left[0], slots);
  return {
    media: slots.map(({ medium, companions: beside }, index) => {
      const [load = [], names = new Set<string>()] = [loads[index], copies[index]];
      const isUsed = load.length > 0 || items.some(({ name }) => names.has(name));
      return { medium, items: isUsed ? [...load, ...beside] : [], found: names };
    }),
    left: left.map(({ name }) => name),
    absent: await namesNowhere(absent, media),
  };
}

/** Parts that an earlier run brought from another medium are told by name and size. */
async function namesNowhere(absent: Cargo["absent"], media: readonly Medium[]): Promise<string[]> {
  const names: string[] = [];
  for (const { name, bytes } of absent) {
    const paths = media.map(({ directory }) => join(directory, name));
    const there = await Promise.all(paths.map((path) => stat(path).catch(undefinedWhereMissing)));
    if (there.every((stats) => stats?.size !== bytes)) names.push(name);
  }
  return names;
}

function noRoom({ called, bytes }: CopyItem, slots: readonly Slot[]): HostError {
  const where = slots.map(({ medium }) => `"${medium.directory}"`).join(", ");
  const room = Math.max(...slots.map(roomIn));
  return new HostError(
    "NO_SPACE",
    `Cannot copy ${called} to ${where}: it needs ${formatCount(bytes)} bytes, and there is room for ${formatCount(room)}`,
    { hint: "Free some space there, or cut the bundle into smaller parts with `bundle split`." },
  );
}

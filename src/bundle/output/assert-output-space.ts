import { formatCount } from "../../core/format-count.ts";
import { freeSpaceAt } from "../../core/disk-space.ts";
import { HostError } from "../../core/errors.ts";

/** Throws {@link HostError} NO_SPACE unless `needed` bytes can be written where the bundle `path` is. */
export async function assertOutputSpace(path: string, needed: number): Promise<void> {
  const free = await freeSpaceAt(path);
  if (free >= needed) return;
  throw new HostError(
    "NO_SPACE",
    `Cannot write the bundle "${path}": it needs ${formatCount(needed)} bytes, and ${formatCount(free)} are free`,
    { hint: "Free some space there, or write it elsewhere with --output." },
  );
}

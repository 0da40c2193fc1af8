import { eachAtOnce } from "../core/each-at-once.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { WantedContent } from "../staging/wanted-content.ts";

/** Of thousands of blobs, each that is asked after takes memory until it is answered. */
const AT_ONCE = 16;

type Wanted = Pick<WantedContent, "sha256" | "size">;

/** Bytes of all blobs that are yet to be brought into the staging volume. */
export async function missingBytesOf(
  blobs: readonly Wanted[],
  place: { missingBytes(blob: Wanted): Promise<number> },
  { signal }: WorkOptions,
): Promise<number> {
  const missing = await eachAtOnce(blobs, { atOnce: AT_ONCE, signal }, (blob) =>
    place.missingBytes(blob),
  );
  return missing.reduce((sum, bytes) => sum + bytes, 0);
}

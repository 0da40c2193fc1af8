import type { ChunkPool } from "../../core/chunks/pool.ts";
import type { WorkOptions } from "../../core/progress.ts";
import type { BundlePlace } from "../bundle-place.ts";
import { type BundleCopy, isKnownAs, knownBundle } from "./known-bundle.ts";
import { mendInPlace } from "./mend-in-place.ts";
import type { Mended } from "./mended.ts";
import { type KnownBundle, bundleFileAt } from "../open-bundle-file.ts";
import { describeFlaw } from "../parts/sidecar-flaw.ts";
import { writeMended } from "./write-mended.ts";

export interface RepairReport extends Mended {
  /** Of the damaged bundle. */
  readonly path: string;
  readonly name: string;
  readonly id: string;
  /** Bytes that were read of the other copies. */
  readonly read: number;
}

/** The places where a damaged bundle and other copies of it are. */
export interface CopyPlaces {
  readonly damaged: BundlePlace;
  readonly others: readonly BundlePlace[];
  /** Path of what is written instead of mending the damaged one in its place. */
  readonly output?: string | undefined;
}

/** Mends a bundle: first it is found out what the copies are copies of, and that none of them is another bundle. */
export async function repair(
  places: CopyPlaces,
  { pool, ...work }: WorkOptions & { readonly pool: ChunkPool },
): Promise<RepairReport> {
  await using stack = new AsyncDisposableStack();
  const damaged = await openCopy(places.damaged, stack, work);
  const others: BundleCopy[] = [];
  for (const place of places.others) others.push(await openCopy(place, stack, work));
  const known = await knownBundle([damaged, ...others]);
  const isKnown = await isKnownAs(known, damaged);
  for (const copy of others) await tellUnknown(known, copy, work);
  const run = { ...known, damaged, isKnown, others, pool };
  const { output } = places;
  const mended =
    output === undefined ? await mendInPlace(run, work) : await writeMended(run, output, work);
  const read = others.reduce((sum, { file }) => sum + file.bytesAsked, 0);
  const { path } = damaged.file;
  return { path, name: known.manifest.name, id: known.layout.id, read, ...mended };
}

async function openCopy(
  place: BundlePlace,
  stack: AsyncDisposableStack,
  { onProgress }: WorkOptions,
): Promise<BundleCopy> {
  for (const flaw of place.kind === "parts" ? place.flaws : [])
    onProgress?.({ kind: "warning", text: describeFlaw(flaw) });
  return { place, file: stack.use(await bundleFileAt(place)) };
}

async function tellUnknown(
  known: KnownBundle,
  copy: BundleCopy,
  { onProgress }: WorkOptions,
): Promise<void> {
  if (await isKnownAs(known, copy)) return;
  const text = `Whether "${copy.place.path}" is a copy of the same bundle cannot be told, since its end is damaged: what of it fits is taken`;
  onProgress?.({ kind: "warning", text });
}

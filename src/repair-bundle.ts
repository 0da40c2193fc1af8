import { resolve } from "node:path";
import { bundleFileAt } from "./bundle/open-bundle-file.ts";
import { findBundle } from "./bundle/find-bundle.ts";
import { type BundleCopy, isKnownAs, knownBundle } from "./bundle/known-bundle.ts";
import { mendInPlace } from "./bundle/mend-in-place.ts";
import type { Mended } from "./bundle/repair.ts";
import { writeMended } from "./bundle/write-mended.ts";
import { ChunkPool } from "./core/chunks/pool.ts";
import type { WorkOptions } from "./core/progress.ts";

export interface RepairOptions extends WorkOptions {
  /** The damaged bundle: a file, a part, a sidecar, a directory, or several of them. */
  readonly bundle: string | readonly string[];
  /** Other copies of it, each named in the same way; they may be damaged too, and cut into other parts. */
  readonly from?: readonly string[] | undefined;
  /** Where the mended bundle is written as one file; by default it is mended in its place. */
  readonly output?: string | undefined;
}

export interface RepairReport extends Mended {
  /** Of the damaged bundle. */
  readonly path: string;
  readonly name: string;
  readonly id: string;
  /** Bytes that were read of the other copies. */
  readonly read: number;
}

/**
 * Mends a damaged bundle from other copies of it. Of them only chunks are read that are damaged here, and each is checked before
 * it is written; all else follows from MODELS.json, which need be whole in one of the copies. Where something cannot be mended,
 * nothing is written, and `unmended` names it. Throws {@link DefinitionError} for a copy of another bundle, {@link BundleError}
 * where MODELS.json is damaged in all of them, {@link HostError} where nothing can be written.
 */
export async function repairBundle(options: RepairOptions): Promise<RepairReport> {
  const { bundle, from = [], output } = options;
  await using stack = new AsyncDisposableStack();
  const damaged = await openCopy(bundle, stack);
  const others: BundleCopy[] = [];
  for (const each of from) others.push(await openCopy(each, stack));
  const known = await knownBundle([damaged, ...others]);
  const isKnown = await isKnownAs(known, damaged);
  for (const copy of others) await tellUnknown(known, copy, options);
  const pool = stack.use(new ChunkPool());
  const repair = { ...known, damaged, isKnown, others, pool };
  const mended =
    output === undefined
      ? await mendInPlace(repair, options)
      : await writeMended(repair, resolve(output), options);
  const read = others.reduce((sum, { file }) => sum + file.bytesAsked, 0);
  const { path } = damaged.place;
  return { path, name: known.manifest.name, id: known.layout.id, read, ...mended };
}

async function openCopy(
  named: string | readonly string[],
  stack: AsyncDisposableStack,
): Promise<BundleCopy> {
  const place = await findBundle(named);
  return { place, file: stack.use(await bundleFileAt(place)) };
}

async function tellUnknown(
  known: Parameters<typeof isKnownAs>[0],
  copy: BundleCopy,
  { onProgress }: WorkOptions,
): Promise<void> {
  if (await isKnownAs(known, copy)) return;
  const text = `Whether "${copy.place.path}" is a copy of the same bundle cannot be told, since its end is damaged: what of it fits is taken`;
  onProgress?.({ kind: "warning", text });
}

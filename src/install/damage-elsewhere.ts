import { BundleReader } from "../bundle/bundle-reader.ts";
import type { BundlePlace } from "../bundle/bundle-place.ts";
import { describeFinding } from "../bundle/finding.ts";
import { assertComplete } from "../bundle/parts/part-set.ts";
import type { ChunkPool } from "../core/chunks/pool.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { Selection } from "./select-models.ts";

/** What is told one by one. */
const MOST_TOLD = 5;

/** Opens a bundle to install from it. For some models alone not all parts need be there, but the last, which tells what is in it. */
export async function openToInstall(
  place: BundlePlace,
  { only }: { readonly only?: readonly string[] | undefined },
  pool: ChunkPool,
): Promise<BundleReader> {
  const isAllNeeded = only === undefined || (place.kind === "parts" && !place.parts.at(-1)?.file);
  if (place.kind === "parts" && isAllNeeded) assertComplete(place);
  return await BundleReader.open(place, pool);
}

export interface RestOfBundle {
  readonly selection: Selection;
  /** Whether only some of the models were asked for. */
  readonly isPart: boolean;
  /** Whether the image is installed too. */
  readonly withImage: boolean;
}

/**
 * Checks what of a bundle was not read yet. Where only some models were asked for, damage of what is not installed is told as a
 * warning, which the receipt keeps. Throws {@link BundleError} for any other.
 */
export async function checkRestOfBundle(
  bundle: BundleReader,
  { selection, isPart, withImage }: RestOfBundle,
  work: WorkOptions,
): Promise<void> {
  const installed = new Set([...selection.blobs, ...selection.manifests].map(({ path }) => path));
  const isOfModel = (path: string): boolean => path.startsWith("models/");
  const listed = new Set(bundle.manifest.files.map(({ path }) => path));
  const findings = await bundle.checkRest(work, (path) => {
    if (!isPart || !listed.has(path)) return true;
    return installed.has(path) || (withImage && !isOfModel(path));
  });
  if (findings.length === 0) return;
  const told = findings.slice(0, MOST_TOLD).map(describeFinding);
  const more = findings.length - told.length;
  const all = more === 0 ? told : [...told, `and ${more} more`];
  const text = `The bundle is damaged where nothing was installed from: ${all.join(", ")}. \`bundle repair\` mends it from another copy`;
  work.onProgress?.({ kind: "warning", text });
}

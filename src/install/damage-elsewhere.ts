import type { BundleReader } from "../bundle/bundle-reader.ts";
import { describeFinding } from "../bundle/finding.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { Selection } from "./select-models.ts";

/** What is told one by one. */
const MOST_TOLD = 5;

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

import { messageOf } from "../core/errors.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { ModelsTarget, WrittenBlobs } from "./models-target.ts";
import { type ModelsThere, blobsNamedBy, otherModels } from "./models-there.ts";
import type { ModelsAsked } from "./model-changes.ts";

/** With `exact`, makes what the bundle does not name no models any more; their blobs are still there, so that this can be undone. */
export async function removeOthers(
  target: ModelsTarget,
  { exact, bundled }: ModelsAsked,
  before: ModelsThere,
): Promise<void> {
  const others = exact ? otherModels(before, bundled) : new Map<string, Buffer>();
  if (others.size > 0) await target.removeModels(others);
}

/**
 * Removes the blobs that were a model's before and are no model's any more: of those that were replaced or removed. To be called
 * when nothing is undone any more. That it fails is a warning: everything serves.
 */
export async function removeOldBlobs(
  target: ModelsTarget,
  { before }: WrittenBlobs,
  { onProgress }: WorkOptions,
): Promise<void> {
  if (before.size === 0) return;
  try {
    await target.removeUnnamed(blobsNamedBy(before));
  } catch (error) {
    const text = `Content of replaced models is still there: ${messageOf(error)}`;
    onProgress?.({ kind: "warning", text });
  }
}

import type { BundledFile } from "../../bundle/models-json.ts";
import type { ChunkPool } from "../../core/chunks/pool.ts";
import { streamSha256 } from "../../core/chunks/stream-sha256.ts";
import { MODELS_DIRECTORY } from "../../core/model-layer.ts";
import type { WorkOptions } from "../../core/progress.ts";
import { pathInStore } from "../model-paths.ts";
import { type ModelsThere, modelsInContainer } from "../models-there.ts";
import type { Selection } from "../select-models.ts";
import { type VolumeHelper, readFromVolume } from "./volume-helper.ts";

/** What a volume has of a bundle's models, and what it lacks. */
export interface VolumeSurvey {
  readonly missing: readonly BundledFile[];
  /** There with other content. */
  readonly damaged: readonly BundledFile[];
  readonly before: ModelsThere;
}

/** Of a volume that was just made. */
export function emptyVolume({ blobs }: Selection): VolumeSurvey {
  return { missing: blobs, damaged: [], before: new Map() };
}

/**
 * Reads every blob of the selection that an earlier installation brought. What is right is not written again, so that a
 * server on this volume never sees half of it.
 */
export async function surveyVolume(
  {
    helper,
    selection,
    pool,
  }: { readonly helper: VolumeHelper; readonly selection: Selection; readonly pool: ChunkPool },
  { signal, onProgress }: WorkOptions,
): Promise<VolumeSurvey> {
  onProgress?.({ kind: "step", text: `Reading what the volume "${helper.volume}" has already` });
  const missing: BundledFile[] = [];
  const damaged: BundledFile[] = [];
  for (const blob of selection.blobs) {
    signal?.throwIfAborted();
    const sha256 = await readFromVolume(helper, pathInStore(blob.path), (content) =>
      streamSha256(content, pool, { signal }),
    );
    if (sha256 === undefined) missing.push(blob);
    else if (sha256 !== blob.sha256) damaged.push(blob);
  }
  const from = { container: helper.name, path: MODELS_DIRECTORY };
  return { missing, damaged, before: await modelsInContainer(helper.engine, from) };
}

import { messageOf } from "../core/errors.ts";
import type { WorkOptions } from "../core/progress.ts";
import { type LoadRun, loadStep } from "./engine-steps.ts";
import type { ModelsTarget, WrittenBlobs } from "./models-target.ts";

/** Loads the image and writes the models' blobs: at the same time where neither needs the other. */
export async function bringContent(
  run: LoadRun,
  target: ModelsTarget,
  options: WorkOptions,
): Promise<WrittenBlobs> {
  const { isLoaded, image } = run.planned;
  if (!target.needsImage && !isLoaded && !("existing" in image))
    return await loadAndWrite(run, target, options);
  await loadStep(run, options);
  return await target.writeBlobs(options);
}

/**
 * Ends when both have ended, and throws what failed first. A load that fails ends the writing; a load is never ended by the
 * writing, since an engine with containerd's store keeps what it has of a load that is cut off for a day.
 */
async function loadAndWrite(
  run: LoadRun,
  target: ModelsTarget,
  { signal, onProgress }: WorkOptions,
): Promise<WrittenBlobs> {
  const text = `Loading the image "${run.planned.image.name}" and writing the models`;
  onProgress?.({ kind: "step", text });
  const loadFailed = new AbortController();
  const ends = AbortSignal.any([loadFailed.signal, ...(signal === undefined ? [] : [signal])]);
  const both = { onProgress: asOneStep(onProgress) };
  const written = target.writeBlobs({ ...both, signal: ends });
  const loaded = loadStep(run, { ...both, signal });
  const failures: unknown[] = [];
  loaded.catch((error: unknown) => {
    failures.push(error);
    loadFailed.abort(error);
  });
  written.catch((error: unknown) => {
    failures.push(error);
    if (failures.length > 1 || signal?.aborted === true) return;
    const then = "the engine ends loading the image, then everything is undone";
    onProgress?.({ kind: "warning", text: `${messageOf(error)}; ${then}` });
  });
  await Promise.allSettled([loaded, written]);
  if (failures.length > 0) throw failures[0];
  return await written;
}

/** What two do side by side is one step: views begin anew with each. */
function asOneStep(onProgress: WorkOptions["onProgress"]): WorkOptions["onProgress"] {
  return (event) => onProgress?.(event.kind === "step" ? { ...event, kind: "note" } : event);
}

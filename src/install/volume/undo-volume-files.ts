import type { Engine } from "../../engine/engine.ts";
import { putVolumeFiles } from "./fill-volume.ts";
import type { StepOf } from "../journal-step.ts";
import { removeFromVolume } from "./remove-from-volume.ts";
import { createHelper, helperName } from "./volume-helper.ts";

interface Undo {
  readonly engine: Engine;
  readonly installation: string;
}

/** Takes back what an installation wrote into a volume that was there before: manifests first, then blobs. */
export async function undoVolumeFiles(
  { engine, installation }: Undo,
  step: StepOf<"volumeFiles">,
): Promise<void> {
  if ((await engine.volume(step.volume)) === undefined) return;
  const replaced = step.manifests.flatMap(({ path, previous }) =>
    previous === undefined ? [] : [{ path, bytes: Buffer.from(previous, "base64") }],
  );
  const added = step.manifests.flatMap(({ path, previous }) =>
    previous === undefined ? [path] : [],
  );
  if (replaced.length > 0) await putBack({ engine, installation }, step, replaced);
  const { volume, image } = step;
  await removeFromVolume({ engine, installation, volume, image }, [...added, ...step.blobs]);
}

async function putBack(
  { engine, installation }: Undo,
  { volume, image }: StepOf<"volumeFiles">,
  files: readonly { readonly path: string; readonly bytes: Buffer }[],
): Promise<void> {
  const helper = { engine, installation, volume, image, name: `${helperName(installation)}-undo` };
  await engine.removeContainer(helper.name);
  await createHelper(helper);
  try {
    await putVolumeFiles(helper, files, {});
  } finally {
    await engine.removeContainer(helper.name);
  }
}

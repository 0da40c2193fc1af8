import { MODELS_DIRECTORY } from "../core/model-layer.ts";
import { EngineError } from "../core/errors.ts";
import type { Engine } from "../engine/engine.ts";
import { putVolumeFiles } from "./fill-volume.ts";
import { LABEL } from "./installation-id.ts";
import type { StepOf } from "./journal-step.ts";
import { createHelper, helperName } from "./volume-helper.ts";

/** Paths for one run of `rm`: far below what a kernel lets one command line hold. */
const PATHS_PER_RUN = 1000;

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
  const paths = [...added, ...step.blobs];
  for (let at = 0; at < paths.length; at += PATHS_PER_RUN) {
    await removePaths({ engine, installation }, step, paths.slice(at, at + PATHS_PER_RUN));
  }
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

async function removePaths(
  { engine, installation }: Undo,
  { volume, image }: StepOf<"volumeFiles">,
  paths: readonly string[],
): Promise<void> {
  const { exitCode, output } = await engine.runToEnd(
    {
      name: `${helperName(installation)}-rm`,
      image,
      labels: { [LABEL.installation]: installation, [LABEL.role]: "helper" },
      entrypoint: ["rm", "-f", "--"],
      command: paths.map((path) => `${MODELS_DIRECTORY}/${path}`),
      volumes: { [volume]: MODELS_DIRECTORY },
    },
    {},
  );
  if (exitCode === 0) return;
  throw new EngineError(
    "ENGINE_FAILED",
    `Cannot remove files from the volume "${volume}": rm ended with ${exitCode}: ${output.trim()}`,
  );
}

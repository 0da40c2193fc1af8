import { MODELS_DIRECTORY } from "../../core/model-layer.ts";
import { EngineError } from "../../core/errors.ts";
import type { Engine } from "../../engine/engine.ts";
import { LABEL } from "../installation-id.ts";
import { helperName } from "./volume-helper.ts";

/** Paths for one run of `rm`: far below what a kernel lets one command line hold. */
const PATHS_PER_RUN = 1000;

export interface RemoveFromVolume {
  readonly engine: Engine;
  readonly installation: string;
  readonly volume: string;
  /** One with `rm`. */
  readonly image: string;
}

/** Removes files by their paths relative to the store; no error for one that is not there. */
export async function removeFromVolume(
  from: RemoveFromVolume,
  paths: readonly string[],
): Promise<void> {
  for (let at = 0; at < paths.length; at += PATHS_PER_RUN)
    await removeSome(from, paths.slice(at, at + PATHS_PER_RUN));
}

async function removeSome(
  { engine, installation, volume, image }: RemoveFromVolume,
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

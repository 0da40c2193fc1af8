import type { Engine } from "../../../../src/engine/engine.ts";
import { DEFAULT_VERSION } from "../settings.ts";
import { standInContext } from "./stand-in-context.ts";

export interface StandInImage {
  /** Fully qualified: "docker.io/library/ollama-stand-in:0.24.0". */
  readonly reference: string;
  /** The Ollama that it says it is. */
  readonly version?: string;
}

/** Builds the stand-in's image on an engine, without a network; gives the image's id. */
export async function buildStandInImage(
  engine: Engine,
  { reference, version = DEFAULT_VERSION }: StandInImage,
): Promise<string> {
  const context = await standInContext({ version });
  const spec = { context, dockerfile: "Dockerfile", target: "", args: {}, labels: {} };
  return engine.build({ ...spec, tag: reference }, {});
}

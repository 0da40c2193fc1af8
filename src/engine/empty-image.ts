import type { WorkOptions } from "../core/progress.ts";
import { tarOf } from "../core/tar.ts";
import type { Engine } from "./engine.ts";

const DOCKERFILE = "FROM scratch\nCOPY Dockerfile /\n";

/** For a container that is never started: engines make none that has nothing to run. */
export const NEVER_RUNS: readonly string[] = ["/never-runs"];

/** Makes an image from nothing, so that there can be a container where no image is there. No registry is asked. */
export async function buildEmptyImage(
  engine: Pick<Engine, "build">,
  tag: string,
  options: WorkOptions,
): Promise<void> {
  const dockerfile = "Dockerfile";
  const context = tarOf([{ path: dockerfile, content: Buffer.from(DOCKERFILE) }]);
  await engine.build({ context, dockerfile, target: "", tag, args: {}, labels: {} }, options);
}

import type { Engine } from "../engine/engine.ts";

const LOG_LINES = 20;

interface KeepForALook {
  readonly keep: boolean;
  /** The name that the replaced container has meanwhile. */
  readonly before?: string | undefined;
}

/**
 * What to tell of a container that does not serve: the last lines of its log, and what becomes of it. Where it is to be kept
 * for a look it is stopped here.
 */
export async function explainUnhealthyContainer(
  engine: Engine,
  container: string,
  { keep, before }: KeepForALook,
): Promise<string> {
  const log = await engine.logs(container, LOG_LINES);
  if (keep) await engine.stopContainer(container);
  const then = keep
    ? `The container "${container}" is stopped and left for a look.`
    : "Everything is undone; --keep-on-failure leaves the stopped container for a look.";
  const back = keep && before !== undefined ? `\n${howBack(container, before)}` : "";
  return `${then}${back}\nThe last lines of its log:\n${log.trimEnd()}`;
}

function howBack(container: string, before: string): string {
  return `The one before is stopped, too. To have it back: docker rm ${container}; docker rename ${before} ${container}; docker start ${container}`;
}

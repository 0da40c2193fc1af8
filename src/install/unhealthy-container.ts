import type { Engine } from "../engine/engine.ts";

const LOG_LINES = 20;

/**
 * What to tell of a container that does not serve: the last lines of its log, and what becomes of it. Where it is to be kept
 * for a look it is stopped here.
 */
export async function explainUnhealthyContainer(
  engine: Engine,
  container: string,
  { keep }: { readonly keep: boolean },
): Promise<string> {
  const log = await engine.logs(container, LOG_LINES);
  if (keep) await engine.stopContainer(container);
  const then = keep
    ? `The container "${container}" is stopped and left for a look.`
    : "Everything is undone; --keep-on-failure leaves the stopped container for a look.";
  return `${then}\nThe last lines of its log:\n${log.trimEnd()}`;
}

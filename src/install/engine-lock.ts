import { hostname } from "node:os";
import type { HostError } from "../core/errors.ts";
import type { Engine } from "../engine/engine.ts";
import { LABEL } from "./installation-id.ts";
import { lockedError } from "./locked-error.ts";

const LOCK_VOLUME = "ollama-bundle-lock";

const HOLDER = {
  host: "ollama-bundle.host",
  pid: "ollama-bundle.pid",
  since: "ollama-bundle.since",
} as const;

/**
 * Lets one installation at a time work on an engine, from whichever host: a volume whose labels name its holder. Creating a
 * volume that is there changes nothing, so the labels tell who came first. Throws {@link HostError} LOCKED, naming the holder.
 */
export async function lockEngine(
  engine: Engine,
  installation: string,
  now: Date,
): Promise<AsyncDisposable> {
  const labels = {
    [LABEL.installation]: installation,
    [LABEL.role]: "lock",
    [HOLDER.host]: hostname(),
    [HOLDER.pid]: String(process.pid),
    [HOLDER.since]: now.toISOString(),
  };
  const before = await engine.volume(LOCK_VOLUME);
  if (before === undefined) await engine.createVolume(LOCK_VOLUME, labels);
  const holder = before ?? (await engine.volume(LOCK_VOLUME));
  if (holder?.labels[LABEL.installation] !== installation)
    throw locked(engine, holder?.labels ?? {});
  return { [Symbol.asyncDispose]: () => engine.removeVolume(LOCK_VOLUME) };
}

function locked({ address }: Engine, labels: Readonly<Record<string, string>>): HostError {
  const { [HOLDER.host]: host, [HOLDER.pid]: pid, [HOLDER.since]: since } = labels;
  return lockedError(`on the engine at ${address}`, {
    holder: { pid, host, since },
    hint: `Wait for it. If it is not running any more: docker volume rm ${LOCK_VOLUME}`,
  });
}

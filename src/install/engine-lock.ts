import { hostname } from "node:os";
import { type HostError, messageOf } from "../core/errors.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { Engine } from "../engine/engine.ts";
import { LABEL } from "./installation-id.ts";
import { lockedError } from "./locked-error.ts";

const LOCK_VOLUME = "ollama-bundle-lock";

const HOLDER = {
  host: "ollama-bundle.host",
  pid: "ollama-bundle.pid",
  since: "ollama-bundle.since",
} as const;

/** Who wants the lock, and since when. */
export interface EngineLockWish {
  readonly installation: string;
  readonly now: Date;
}

/**
 * Lets one installation at a time work on an engine, from whichever host: a volume whose labels name its holder. Creating a
 * volume that is there changes nothing, so the labels tell who came first. Throws {@link HostError} LOCKED, naming the holder. That the
 * lock cannot be given back is a warning: an error would hide the one that the work ended with.
 */
export async function lockEngine(
  engine: Engine,
  { installation, now }: EngineLockWish,
  { onProgress }: WorkOptions,
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
  return {
    async [Symbol.asyncDispose]() {
      try {
        await engine.removeVolume(LOCK_VOLUME);
      } catch (error) {
        onProgress?.({ kind: "warning", text: staysLocked(engine, error) });
      }
    },
  };
}

function staysLocked({ address }: Engine, error: unknown): string {
  const unlock = `docker volume rm ${LOCK_VOLUME}`;
  return `The engine at ${address} stays locked: ${messageOf(error)}. When it runs again: ${unlock}`;
}

function locked({ address }: Engine, labels: Readonly<Record<string, string>>): HostError {
  const { [HOLDER.host]: host, [HOLDER.pid]: pid, [HOLDER.since]: since } = labels;
  return lockedError(`on the engine at ${address}`, {
    holder: { pid, host, since },
    hint: `Wait for it. If it is not running any more: docker volume rm ${LOCK_VOLUME}`,
  });
}

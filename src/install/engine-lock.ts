import { hostname } from "node:os";
import { type HostError, messageOf } from "../core/errors.ts";
import { livenessOf, thisProcess } from "../core/process-owner.ts";
import type { OnProgress, WorkOptions } from "../core/progress.ts";
import type { Engine } from "../engine/engine.ts";
import { LABEL } from "./installation-id.ts";
import { lockedError } from "./locked-error.ts";

const LOCK_VOLUME = "ollama-bundle-lock";

const HOLDER = {
  host: "ollama-bundle.host",
  pid: "ollama-bundle.pid",
  since: "ollama-bundle.since",
  /** What tells whether it still runs. */
  owner: "ollama-bundle.owner",
} as const;

type Labels = Readonly<Record<string, string>>;

/** Who wants the lock, and since when. */
export interface EngineLockWish {
  readonly installation: string;
  readonly now: Date;
}

/**
 * Lets one installation at a time work on an engine, from whichever host: a volume whose labels name its holder. Creating a
 * volume that is there changes nothing, so the labels tell who came first. A lock whose holder is known to be dead is taken
 * over. Throws {@link HostError} LOCKED, naming the holder. That the lock cannot be given back is a warning: an error would
 * hide the one that the work ended with.
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
    [HOLDER.owner]: thisProcess(),
  };
  return takeVolume({ engine, labels, onProgress }, LOCK_VOLUME);
}

interface Taker {
  readonly engine: Engine;
  /** What names this installation. */
  readonly labels: Labels;
  readonly onProgress: OnProgress | undefined;
}

async function takeVolume(taker: Taker, volume: string): Promise<AsyncDisposable> {
  const { engine, labels } = taker;
  const before = await engine.volume(volume);
  if (before === undefined) await engine.createVolume(volume, labels);
  const holder = (before ?? (await engine.volume(volume)))?.labels ?? {};
  if (isSame(holder, labels)) return heldVolume(taker, volume);
  if (livenessOf(holder[HOLDER.owner] ?? "") !== "dead") throw locked(engine, holder);
  return takeOver(taker, volume, holder);
}

/**
 * Only who holds a second lock, named after the dead holder, removes the first: else two could see the dead one, and the later
 * remove the earlier's new lock. That second one can be left by a dead process too, and is taken in the same way.
 */
async function takeOver(taker: Taker, volume: string, dead: Labels): Promise<AsyncDisposable> {
  const { engine } = taker;
  await using _turn = await takeVolume(taker, `${LOCK_VOLUME}-after-${dead[LABEL.installation]}`);
  const now = await engine.volume(volume);
  if (now !== undefined && isSame(now.labels, dead)) await engine.removeVolume(volume);
  return await takeVolume(taker, volume);
}

function isSame(one: Labels, other: Labels): boolean {
  return one[LABEL.installation] === other[LABEL.installation];
}

function heldVolume({ engine, onProgress }: Taker, volume: string): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      try {
        await engine.removeVolume(volume);
      } catch (error) {
        onProgress?.({ kind: "warning", text: staysLocked(engine, volume, error) });
      }
    },
  };
}

function staysLocked({ address }: Engine, volume: string, error: unknown): string {
  const unlock = `docker volume rm ${volume}`;
  return `The engine at ${address} stays locked: ${messageOf(error)}. When it runs again: ${unlock}`;
}

function locked({ address }: Engine, labels: Labels): HostError {
  const { [HOLDER.host]: host, [HOLDER.pid]: pid, [HOLDER.since]: since } = labels;
  return lockedError(`on the engine at ${address}`, {
    holder: { pid, host, since },
    hint: `Wait for it. If it is not running any more: docker volume rm ${LOCK_VOLUME}`,
  });
}

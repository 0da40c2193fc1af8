import type { WorkOptions } from "../core/progress.ts";
import type { Engine } from "../engine/engine.ts";

/** How many images an engine has in its spool: one that it unpacks, one that it has whole but for the end, and one that arrives. */
export const MAX_SPOOLED = 3;

/** The tar of an image, whose end comes when `hold` has resolved. */
export type Archive = (hold: () => Promise<void>) => AsyncIterable<Uint8Array>;

/**
 * Loads images of which each is built on the one before. While the engine unpacks one it is sent the next, but for the end: an engine
 * spools what it is sent and unpacks it then, on one core, and so does both at a time.
 *
 * What was sent whole is waited for, whatever happens: an engine goes on alone when its client is gone, and has an image in the
 * end that nobody removes. Throws the reason of an abort, else what failed first.
 */
export async function loadInTurn(
  engine: Engine,
  archives: readonly Archive[],
  { signal, onProgress }: WorkOptions,
): Promise<void> {
  const failed = new AbortController();
  const ends = AbortSignal.any([failed.signal, ...(signal === undefined ? [] : [signal])]);
  const loads: Promise<unknown>[] = [];
  for (const [index, archive] of archives.entries()) {
    await Promise.allSettled(loads.slice(0, Math.max(0, index + 1 - MAX_SPOOLED)));
    if (ends.aborted) break;
    const sent = Promise.withResolvers<void>();
    const hold = async (): Promise<void> => {
      sent.resolve();
      await loads[index - 1];
    };
    const loaded = load(engine, archive(hold), { signal: ends, onProgress });
    loaded.catch((error: unknown) => failed.abort(error));
    loads.push(loaded);
    await Promise.race([sent.promise, loaded.catch(() => undefined)]);
  }
  await Promise.allSettled(loads);
  signal?.throwIfAborted();
  failed.signal.throwIfAborted();
}

/** An abort ends it as long as it is not sent whole. */
async function load(
  engine: Engine,
  archive: AsyncIterable<Uint8Array>,
  { signal, onProgress }: WorkOptions & { readonly signal: AbortSignal },
): Promise<void> {
  const cut = new AbortController();
  let isSent = false;
  const abort = (): void => {
    const text = "Waiting for the engine to end what it was given: before, it cannot be undone";
    if (isSent) onProgress?.({ kind: "warning", text });
    else cut.abort(signal.reason);
  };
  signal.addEventListener("abort", abort);
  try {
    const whole = told(archive, () => {
      isSent = true;
    });
    await engine.load(whole, { signal: cut.signal });
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

async function* told(
  archive: AsyncIterable<Uint8Array>,
  onEnd: () => void,
): AsyncGenerator<Uint8Array> {
  yield* archive;
  onEnd();
}

import { setTimeout as delay } from "node:timers/promises";
import type { OllamaClient, Outcome } from "./ollama-client.ts";

/**
 * While it starts, Ollama accepts connections and stays silent on them for ever, so each probe gives up soon and another
 * connection is tried.
 */
const PROBE_SECONDS = 2;
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1000;
/** What a server takes to start is known a quarter too late at the most. */
const PAUSE_GROWTH = 1.25;

/** How an answer to `/` of an Ollama that runs begins. */
export const OLLAMA_RUNS = "Ollama is running";

export interface WaitOptions {
  readonly timeoutSeconds: number;
  /** Whether it was just started, so that a refused connection means "not yet". */
  readonly isStarting: boolean;
  readonly signal?: AbortSignal | undefined;
}

export type FirstAnswer =
  | Extract<Outcome, { readonly kind: "answered" }>
  | { readonly kind: "none"; readonly why: string };

/** Asks `/` until whoever listens there answers, for at most `timeoutSeconds`. */
export async function untilAnswered(
  client: OllamaClient,
  options: WaitOptions,
): Promise<FirstAnswer> {
  const end = performance.now() + options.timeoutSeconds * 1000;
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * PAUSE_GROWTH, LONGEST_PAUSE)) {
    const left = end - performance.now();
    const timeoutSeconds = Math.min(PROBE_SECONDS, Math.max(left, 1) / 1000);
    const outcome = await client.ask("/", { timeoutSeconds, signal: options.signal });
    if (outcome.kind === "answered") return outcome;
    // Docker's proxy takes connections as soon as a container runs, and closes them until the server in it listens.
    const mayComeUp = outcome.kind === "timedOut" || outcome.wasAccepted || options.isStarting;
    if (!mayComeUp) return { kind: "none", why: outcome.reason };
    if (performance.now() + pause >= end)
      return { kind: "none", why: lastWord(outcome, options.timeoutSeconds) };
    await pauseFor(pause, options.signal);
  }
}

function lastWord(outcome: Outcome, seconds: number): string {
  const waited = `no answer within ${seconds} s`;
  return outcome.kind === "unreachable" ? `${waited}: ${outcome.reason}` : waited;
}

/** Rejects with the signal's own reason, where Node's timer has an error of its own. */
async function pauseFor(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await delay(milliseconds, undefined, signal && { signal }).catch(() => undefined);
  signal?.throwIfAborted();
}

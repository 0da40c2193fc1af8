import { setTimeout as delay } from "node:timers/promises";
import { readBody } from "./ollama-answers.ts";
import type { OllamaClient, Outcome } from "./ollama-client.ts";
import { explainProblem } from "./explain-problem.ts";
import type { Finding } from "./health-report.ts";

/**
 * While it starts, Ollama accepts connections and stays silent on them for ever, so each probe gives up soon and another
 * connection is tried.
 */
const PROBE_SECONDS = 2;
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1000;

export interface WaitOptions {
  readonly timeoutSeconds: number;
  /** Whether it was just started, so that a refused connection means "not yet". */
  readonly isStarting: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Asks `/` until the server says that it runs, for at most `timeoutSeconds`. */
export async function waitForServer(client: OllamaClient, options: WaitOptions): Promise<Finding> {
  const end = performance.now() + options.timeoutSeconds * 1000;
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    const left = end - performance.now();
    const timeoutSeconds = Math.min(PROBE_SECONDS, Math.max(left, 1) / 1000);
    const outcome = await client.ask("/", { timeoutSeconds, signal: options.signal });
    if (outcome.kind === "answered") return judge(outcome);
    // Docker's proxy takes connections as soon as a container runs, and closes them until the server in it listens.
    const mayComeUp = outcome.kind === "timedOut" || outcome.wasAccepted || options.isStarting;
    if (!mayComeUp) return failed(outcome.reason);
    if (performance.now() + pause >= end) return failed(lastWord(outcome, options.timeoutSeconds));
    await pauseFor(pause, options.signal);
  }
}

function judge(outcome: Outcome): Finding {
  const body = readBody(outcome);
  if (!body.ok) {
    const hostRefused = body.problem.status === 403 && body.problem.text === "";
    return failed(
      hostRefused
        ? "the server answered 403: it accepts no requests for this host name"
        : explainProblem(body.problem).detail,
    );
  }
  if (body.value.startsWith("Ollama is running")) {
    return { check: "server", result: "ok", detail: "Ollama is running" };
  }
  return failed("something else than Ollama answers here");
}

function lastWord(outcome: Outcome, seconds: number): string {
  const waited = `no answer within ${seconds} s`;
  return outcome.kind === "unreachable" ? `${waited}: ${outcome.reason}` : waited;
}

function failed(detail: string): Finding {
  return { check: "server", result: "failed", detail };
}

/** Rejects with the signal's own reason, where Node's timer has an error of its own. */
async function pauseFor(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await delay(milliseconds, undefined, signal && { signal }).catch(() => undefined);
  signal?.throwIfAborted();
}

import { EngineError, OllamaBundleError, hasCode, messageOf } from "../core/errors.ts";

const LONGEST_TEXT = 2000;

/** What is asked of an engine: `what` completes "Cannot …" in messages. */
export interface Question {
  readonly what: string;
  /** The engine's address. */
  readonly address: string;
  readonly signal?: AbortSignal | undefined;
}

/** Makes an {@link EngineError} of whatever a request throws; an abort's reason and our own errors pass through. */
export async function askEngine<T>(question: Question, request: () => Promise<T>): Promise<T> {
  question.signal?.throwIfAborted();
  try {
    return await request();
  } catch (error) {
    question.signal?.throwIfAborted();
    throw asEngineError(error, question);
  }
}

export function asEngineError(error: unknown, { what, address }: Question): OllamaBundleError {
  if (error instanceof OllamaBundleError) return error;
  const status = statusOf(error);
  const text =
    status === undefined ? `the engine at ${address} ${whyBroken(error)}` : engineText(error);
  return new EngineError(codeOf(status), `Cannot ${what}: ${text.slice(0, LONGEST_TEXT)}`, {
    cause: error,
    hint:
      status === undefined
        ? "See whether the engine still runs, and its log."
        : "The text is the engine's own.",
  });
}

/** Undefined where the engine says that it is not there. */
export async function ifThere<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof EngineError && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}

/** The HTTP status of an error that docker-modem made of an answer. */
export function statusOf(error: unknown): number | undefined {
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
  return typeof status === "number" ? status : undefined;
}

function codeOf(status: number | undefined): EngineError["code"] {
  if (status === 404) return "NOT_FOUND";
  return status !== undefined && status < 500 ? "ENGINE_REFUSED" : "ENGINE_FAILED";
}

/** docker-modem puts `(HTTP code 500) server error - ` before the engine's text. */
function engineText(error: unknown): string {
  return messageOf(error)
    .replace(/^\(HTTP code \d+\) .*? - /s, "")
    .trim();
}

function whyBroken(error: unknown): string {
  if (hasCode(error, "ECONNREFUSED", "ENOENT")) return "is gone";
  if (hasCode(error, "ECONNRESET", "EPIPE", "ERR_STREAM_PREMATURE_CLOSE")) {
    return "ended the connection in the middle";
  }
  return `could not be understood: ${messageOf(error)}`;
}

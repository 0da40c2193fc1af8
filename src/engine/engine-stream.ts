import { PassThrough, type Readable, pipeline } from "node:stream";
import { type Question, asEngineError } from "./ask-engine.ts";

/**
 * The body of an answer. Its errors are {@link EngineError}s; an abort destroys it with the reason; destroying it ends the
 * request, for which docker-modem has no signal.
 */
export function downloadStream(answer: NodeJS.ReadableStream, question: Question): Readable {
  const { signal } = question;
  const stream = new PassThrough({
    destroy(error, callback) {
      callback(error && (signal?.aborted ? error : asEngineError(error, question)));
    },
  });
  const abort = () => stream.destroy(toError(signal?.reason));
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort);
  pipeline(answer, stream, () => signal?.removeEventListener("abort", abort));
  return stream;
}

/** What is sent to the engine: fails when its source fails or ends too early, which docker-modem would wait out for ever. */
export function uploadStream(source: Readable): PassThrough {
  const stream = new PassThrough();
  // docker-modem destroys the request when this stream has an error, and so whoever waits for the answer gets one.
  pipeline(source, stream, () => {});
  return stream;
}

export function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

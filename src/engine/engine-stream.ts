import { PassThrough, Readable, pipeline } from "node:stream";
import { hasCode } from "../core/errors.ts";
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

/**
 * What is sent to the engine. Each chunk is out before the next is asked for, so that a source may use its memory again, and
 * nothing is read ahead as by a stream's own piping. docker-modem needs only `on` and `pipe` of it.
 */
export class UploadBody extends Readable {
  readonly #source: AsyncIterable<Uint8Array>;
  #failure: unknown;

  constructor(source: AsyncIterable<Uint8Array>) {
    super();
    this.#source = source;
  }

  /** What the source threw: the cause of whatever else fails then. */
  get failure(): unknown {
    return this.#failure;
  }

  override _read(): void {
    // Nobody reads it.
  }

  override pipe<T extends NodeJS.WritableStream>(request: T): T {
    // docker-modem destroys the request when this has an error, and so whoever waits for the answer gets one.
    this.#send(request).catch((error: unknown) => this.destroy(toError(error)));
    return request;
  }

  async #send(request: NodeJS.WritableStream): Promise<void> {
    for await (const chunk of this.#chunks()) if (chunk.length > 0) await write(request, chunk);
    request.end();
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of this.#source) yield chunk;
    } catch (error) {
      // A stream that was closed without an end has no error of its own to tell.
      if (!hasCode(error, "ERR_STREAM_PREMATURE_CLOSE")) this.#failure = error;
      throw error;
    }
  }
}

/** Resolves when the chunk is with the operating system. A request that ends first may never call back. */
async function write(request: NodeJS.WritableStream, chunk: Uint8Array): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const ended = () => reject(new Error("the request ended"));
  request.once("close", ended);
  request.write(chunk, (error) => (error ? reject(error) : resolve()));
  try {
    await promise;
  } finally {
    request.off("close", ended);
  }
}

export function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

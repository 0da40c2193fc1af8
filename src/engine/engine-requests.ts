import { Readable } from "node:stream";
import { askEngine } from "./ask-engine.ts";
import { UploadBody, downloadStream, toError } from "./engine-stream.ts";

export interface RequestOptions {
  /** Completes "Cannot …" in messages. */
  readonly what: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The kinds of requests to one engine. All throw EngineErrors for what the engine or the connection does wrong, and the reason
 * of an abort as it is.
 */
export class EngineRequests {
  readonly #address: string;

  constructor(address: string) {
    this.#address = address;
  }

  /** A request with an answer of a few KB. */
  ask<T>(what: string, request: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return askEngine({ what, address: this.#address, signal }, request);
  }

  /** A request whose answer is read by `work`: however that ends, the request ends with it. */
  async exchange<T>(
    { what, signal }: RequestOptions,
    work: (ends: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const end = new AbortController();
    const ends = AbortSignal.any(signal === undefined ? [end.signal] : [end.signal, signal]);
    try {
      return await this.ask(what, () => work(ends), signal);
    } finally {
      end.abort();
    }
  }

  /** An exchange that sends a tar, and destroys it in the end. What the tar's own source throws passes through: it is the cause, and not the engine's. */
  async upload<T>(
    { tar, ...options }: RequestOptions & { readonly tar: AsyncIterable<Uint8Array> },
    work: (body: Readable, ends: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const body = new UploadBody(tar);
    try {
      return await this.exchange(options, (ends) => work(body, ends));
    } catch (error) {
      options.signal?.throwIfAborted();
      throw body.failure ?? error;
    } finally {
      body.destroy();
      if (tar instanceof Readable) tar.destroy();
    }
  }

  /** A request whose answer is handed on as a stream. */
  async download(
    { what, signal }: RequestOptions,
    request: () => Promise<NodeJS.ReadableStream>,
  ): Promise<Readable> {
    const answer = await this.ask(what, () => unlessAborted(request(), signal), signal);
    return downloadStream(answer, { what, address: this.#address, signal });
  }
}

/** A signal as dockerode takes one. */
export function abortable(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

/** Waits no longer than the signal lets it; an answer that comes later is not read. */
async function unlessAborted(
  answer: Promise<NodeJS.ReadableStream>,
  signal: AbortSignal | undefined,
): Promise<NodeJS.ReadableStream> {
  if (signal === undefined) return answer;
  const aborted = Promise.withResolvers<never>();
  const abort = () => {
    aborted.reject(toError(signal.reason));
    answer.then((late) => (late as Readable).destroy()).catch(() => {});
  };
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([answer, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

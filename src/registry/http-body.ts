import type { IncomingMessage } from "node:http";
import { copyBytes } from "../core/copy-bytes.ts";
import { giveBackPiece } from "../core/give-back.ts";
import { StalledError } from "./network-error.ts";
import type { RateLimit } from "./rate-limit.ts";

interface BodyOptions {
  /** How long the server may send nothing while somebody waits for bytes. */
  readonly idleMs: number;
  /** What to throw for an error of the connection. */
  readonly explain: (error: unknown) => unknown;
  readonly limit?: RateLimit | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The body of an answer, read piece by piece straight to where the bytes belong. Disposing it gives up the rest. */
export class HttpBody implements Disposable {
  readonly #response: IncomingMessage;
  readonly #options: BodyOptions;
  readonly #pieces: AsyncIterator<Buffer, undefined>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(response: IncomingMessage, options: BodyOptions) {
    this.#response = response;
    this.#options = options;
    this.#pieces = response[Symbol.asyncIterator]();
    response.on("error", () => {});
  }

  /** Fills the place. Returns how many bytes there were: fewer only where the body ended. */
  async fill(place: Uint8Array, onBytes: (bytes: number) => void = () => {}): Promise<number> {
    return this.#take(place.length, (piece, done) => {
      copyBytes(place, piece, done);
      onBytes(piece.length);
    });
  }

  /** Passes over bytes; returns how many there were. */
  async skip(length: number): Promise<number> {
    return this.#take(length, () => {});
  }

  /** The bytes up to the end, at most `limit` of them. */
  async bytes(limit: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    await this.#take(limit, (piece) => pieces.push(Buffer.from(piece)));
    return Buffer.concat(pieces);
  }

  /** Whether the body is at its end. Looking at the end gives the connection free for the next request. */
  async isAtEnd(): Promise<boolean> {
    if (this.#rest.length > 0) return false;
    this.#rest = (await this.#next()) ?? this.#rest;
    const { limit, signal } = this.#options;
    await limit?.pass(this.#rest.length, signal);
    return this.#rest.length === 0;
  }

  [Symbol.dispose](): void {
    this.#response.destroy();
  }

  async #take(length: number, use: (piece: Buffer, done: number) => void): Promise<number> {
    let done = 0;
    while (done < length) {
      if (await this.isAtEnd()) break;
      const piece = this.#rest.subarray(0, length - done);
      this.#rest = this.#rest.subarray(piece.length);
      use(piece, done);
      done += piece.length;
      if (this.#rest.length === 0) giveBackPiece(piece);
    }
    return done;
  }

  async #next(): Promise<Buffer | undefined> {
    const { idleMs, explain } = this.#options;
    const timer = setTimeout(() => this.#response.destroy(new StalledError(idleMs / 1000)), idleMs);
    try {
      const { value } = await this.#pieces.next();
      return value;
    } catch (error) {
      throw explain(error);
    } finally {
      clearTimeout(timer);
    }
  }
}

import { type OnRetry, type RetryPolicy, TransientFailure, retry } from "../core/retry.ts";
import type { HttpBody } from "./http-body.ts";
import type { HttpAnswer } from "./http-transport.ts";
import { Slots } from "./slots.ts";
import { type Purpose, badAnswer, statusError } from "./status-error.ts";

/** A try that brought at least this much does not count against the tries there are. Bytes. */
const PROGRESS = 64 * 1024;

export interface BlobSource {
  readonly url: URL;
  /** Bytes. */
  readonly size: number;
  readonly purpose: Purpose;
  /** Held while a request is under way. */
  readonly slots: Slots;
  readonly policy: RetryPolicy;
  readonly get: (
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ) => Promise<HttpAnswer>;
}

export interface ReadOptions {
  readonly signal: AbortSignal;
  /** Told of bytes as they come; of none twice, however often something is tried. */
  readonly onBytes: (bytes: number) => void;
  readonly onRetry?: OnRetry | undefined;
}

/**
 * Reads pieces of one blob, several at once, each with its own range request. The others wait for the first answer: it tells
 * where the blob lies (its registry may redirect to storage) and whether ranges are honoured there. Where they are not, the
 * one answer with the whole blob serves all reads in turn; those should come in rising order then, since each step back
 * asks for the whole again.
 */
export class BlobReader implements Disposable {
  readonly #source: BlobSource;
  /** Where the registry redirected to; the registry is asked again when that address fails. */
  #address: URL | undefined;
  #firstAnswer: PromiseWithResolvers<void> | undefined;
  #isOneStream = false;
  #whole: { readonly body: HttpBody; position: number } | undefined;
  readonly #turns = new Slots(1);

  constructor(source: BlobSource) {
    this.#source = source;
  }

  /** Fills `place` with the bytes from `offset` on. Throws {@link SourceError}. */
  async read(
    place: Uint8Array,
    offset: number,
    { signal, onBytes, onRetry }: ReadOptions,
  ): Promise<void> {
    let received = 0;
    const got = (bytes: number): void => {
      received += bytes;
      onBytes(bytes);
    };
    const attempt = async (): Promise<void> => {
      const before = received;
      try {
        const rest = { place: place.subarray(received), offset: offset + received };
        await this.#fill(rest, { signal, onBytes: got });
      } catch (error) {
        if (!(error instanceof TransientFailure) || received - before < PROGRESS) throw error;
        throw new TransientFailure(error.error, { waitMs: error.waitMs, madeProgress: true });
      }
    };
    await retry(attempt, this.#source.policy, {
      signal,
      ...(onRetry === undefined ? {} : { onRetry }),
    });
  }

  [Symbol.dispose](): void {
    this.#whole?.body[Symbol.dispose]();
    this.#whole = undefined;
  }

  async #fill(piece: Piece, options: ReadOptions): Promise<void> {
    if (this.#firstAnswer === undefined) this.#firstAnswer = Promise.withResolvers<void>();
    else await this.#firstAnswer.promise;
    if (this.#isOneStream || !(await this.#fillFromRange(piece, options))) {
      await this.#fillInTurn(piece, options);
    }
  }

  /** Returns false where the answer is the whole blob, which is kept for all reads. */
  async #fillFromRange(
    { place, offset }: Piece,
    { signal, onBytes }: ReadOptions,
  ): Promise<boolean> {
    using _slot = await this.#source.slots.take();
    const { status, body } = await this.#ask(offset, place.length, signal);
    if (status === 200 && place.length < this.#source.size) {
      this.#isOneStream = true;
      if (this.#whole === undefined) this.#whole = { body, position: 0 };
      else body[Symbol.dispose]();
      return false;
    }
    this.#firstAnswer?.resolve();
    using _body = body;
    const came = await body.fill(place, onBytes);
    if (came < place.length || !(await body.isAtEnd())) throw this.#wrongLength(came, place.length);
    return true;
  }

  /** Holds no slot while it is not its turn: then who has a slot never waits for somebody who has none. */
  async #fillInTurn({ place, offset }: Piece, { signal, onBytes }: ReadOptions): Promise<void> {
    const turn = this.#turns.take();
    // Only now: those who wait for the first answer have later offsets, and come after.
    this.#firstAnswer?.resolve();
    using _turn = await turn;
    using _slot = await this.#source.slots.take();
    try {
      const whole = await this.#wholeBefore(offset, signal);
      whole.position += await whole.body.skip(offset - whole.position);
      const came = await whole.body.fill(place, onBytes);
      whole.position += came;
      if (came < place.length) throw this.#wrongLength(came, place.length);
      if (whole.position === this.#source.size) await whole.body.isAtEnd();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  async #wholeBefore(
    offset: number,
    signal: AbortSignal,
  ): Promise<{ readonly body: HttpBody; position: number }> {
    if (this.#whole !== undefined && this.#whole.position <= offset) return this.#whole;
    this[Symbol.dispose]();
    const { body } = await this.#ask(0, this.#source.size, signal);
    this.#whole = { body, position: 0 };
    return this.#whole;
  }

  /** Asks for a range, or without a Range header for all; the answer's body is either that or the whole blob. */
  async #ask(offset: number, length: number, signal: AbortSignal): Promise<HttpAnswer> {
    const { url, size, get } = this.#source;
    const remembered = this.#address;
    const range = length === size ? {} : { Range: `bytes=${offset}-${offset + length - 1}` };
    try {
      const answer = await get(remembered ?? url, range, signal);
      await this.#check(answer, { offset, length, wasRemembered: remembered !== undefined });
      if (answer.url.href !== url.href) this.#address = answer.url;
      return answer;
    } catch (error) {
      if (this.#address === remembered) this.#address = undefined;
      this.#firstAnswer?.resolve();
      throw error;
    }
  }

  async #check(answer: HttpAnswer, { offset, length, wasRemembered }: AskedRange): Promise<void> {
    const { purpose, size } = this.#source;
    const { status, headers, url } = answer;
    if (status !== 200 && status !== 206) {
      const error = await statusError(answer, purpose);
      const isExpired = wasRemembered && [401, 403, 404, 410].includes(status);
      throw isExpired ? new TransientFailure(error, { madeProgress: true }) : error;
    }
    const expected = status === 200 ? size : length;
    const range = headers["content-range"];
    const isRightRange = status === 200 || isRange(range, { offset, length, size });
    const stated = headers["content-length"];
    if (isRightRange && (stated === undefined || Number(stated) === expected)) return;
    answer.body[Symbol.dispose]();
    const found = isRightRange
      ? `it states ${stated} bytes, expected ${expected}`
      : `it sends "${range}" of ${size} bytes from ${offset} on`;
    throw badAnswer(url, purpose, found);
  }

  #wrongLength(came: number, expected: number): TransientFailure {
    const { url, purpose } = this.#source;
    return badAnswer(
      url,
      purpose,
      came < expected
        ? `it ended after ${came} of ${expected} bytes`
        : `more than ${expected} bytes came`,
    );
  }
}

interface Piece {
  readonly place: Uint8Array;
  readonly offset: number;
}

interface AskedRange {
  readonly offset: number;
  readonly length: number;
  /** Whether a remembered address was asked, and not the registry. */
  readonly wasRemembered: boolean;
}

/** RFC 9110 §14.4 */
function isRange(
  header: string | undefined,
  {
    offset,
    length,
    size,
  }: { readonly offset: number; readonly length: number; readonly size: number },
): boolean {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(header ?? "") ?? [];
  const isOfSize = total === "*" || Number(total) === size;
  return isOfSize && Number(first) === offset && Number(last) === offset + length - 1;
}

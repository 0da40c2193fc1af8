import { sleep } from "../core/retry.ts";

/** Lets bytes pass at a rate, those of all who ask together. */
export class RateLimit {
  readonly #bytesPerMs: number;
  /** When what has passed so far would be through at that rate. */
  #through = 0;

  constructor(bytesPerSecond: number) {
    this.#bytesPerMs = bytesPerSecond / 1000;
  }

  /** Resolves when these bytes would be through. */
  async pass(bytes: number, signal?: AbortSignal): Promise<void> {
    const now = performance.now();
    this.#through = Math.max(this.#through, now) + bytes / this.#bytesPerMs;
    await sleep(this.#through - now, signal);
  }
}

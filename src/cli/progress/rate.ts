const WINDOW = 10_000;
const SPACING = 250;

/** Bytes per second over the last ten seconds. Times are milliseconds. */
export class Rate {
  readonly #samples: { at: number; moved: number }[];
  #moved = 0;

  constructor(now: number) {
    this.#samples = [{ at: now, moved: 0 }];
  }

  add(bytes: number, now: number): void {
    this.#moved += bytes;
    const last = this.#samples.at(-1);
    if (last === undefined || now - last.at < SPACING) return;
    this.#samples.push({ at: now, moved: this.#moved });
    this.#forget(now);
  }

  /** Missing until it can be told. */
  perSecond(now: number): number | undefined {
    this.#forget(now);
    const first = this.#samples[0];
    if (first === undefined || now - first.at < SPACING) return undefined;
    return ((this.#moved - first.moved) * 1000) / (now - first.at);
  }

  #forget(now: number): void {
    while (this.#samples.length > 1 && (this.#samples[1]?.at ?? now) <= now - WINDOW) {
      this.#samples.shift();
    }
  }
}

import { formatBytes, formatSeconds } from "../format.ts";
import { Rate } from "./rate.ts";

/** Milliseconds that only go forward. */
export type Clock = () => number;

/** How far a thing is, or all of them together. Sizes are bytes. */
export interface Transfer {
  readonly done: number;
  readonly total: number | undefined;
  /** Bytes per second; missing at the very beginning. */
  readonly rate: number | undefined;
}

interface Item {
  done: number;
  total: number | undefined;
  readonly rate: Rate;
}

/** Adds up what a step moves, item by item. */
export class TransferMeter {
  readonly #clock: Clock;
  readonly #items = new Map<string, Item>();
  readonly #unfinished = new Set<string>();
  #rate: Rate;
  #done = 0;
  #total = 0;
  #withoutTotal = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#rate = new Rate(clock());
  }

  /** Those that are not done, the oldest first. */
  get unfinished(): ReadonlySet<string> {
    return this.#unfinished;
  }

  get count(): number {
    return this.#items.size;
  }

  update(name: string, done: number, total: number | undefined): void {
    const now = this.#clock();
    const known = this.#items.get(name);
    // What an item begins with was there before: it counts as done and not as moved.
    const item = known ?? { done, total: undefined, rate: new Rate(now) };
    if (known === undefined) this.#begin(name, item);
    const moved = Math.max(done - item.done, 0);
    item.done += moved;
    item.rate.add(moved, now);
    this.#done += moved;
    this.#rate.add(moved, now);
    this.#setTotal(item, total);
    if (item.total !== undefined && item.done >= item.total) this.#unfinished.delete(name);
  }

  of(name: string): Transfer | undefined {
    const item = this.#items.get(name);
    return item && { done: item.done, total: item.total, rate: item.rate.perSecond(this.#clock()) };
  }

  all(): Transfer {
    const total = this.#withoutTotal > 0 ? undefined : this.#total;
    return { done: this.#done, total, rate: this.#rate.perSecond(this.#clock()) };
  }

  /** A new step begins. */
  reset(): void {
    this.#items.clear();
    this.#unfinished.clear();
    this.#rate = new Rate(this.#clock());
    this.#done = 0;
    this.#total = 0;
    this.#withoutTotal = 0;
  }

  #begin(name: string, item: Item): void {
    this.#items.set(name, item);
    this.#unfinished.add(name);
    this.#done += item.done;
    this.#withoutTotal += 1;
  }

  #setTotal(item: Item, total: number | undefined): void {
    if (total === undefined) return;
    if (item.total === undefined) this.#withoutTotal -= 1;
    this.#total += total - (item.total ?? 0);
    item.total = total;
  }
}

/** `45 %  1.2 GB of 4.7 GB  85.0 MB/s  41 s left` */
export function describeTransfer({ done, total, rate }: Transfer): string {
  const parts =
    total === undefined
      ? [formatBytes(done)]
      : [
          `${Math.floor(100 * shareOf({ done, total }))} %`,
          `${formatBytes(done)} of ${formatBytes(total)}`,
        ];
  if (rate !== undefined) parts.push(`${formatBytes(rate)}/s`);
  if (rate && total !== undefined && done < total) {
    parts.push(`${formatSeconds((total - done) / rate)} left`);
  }
  return parts.join("  ");
}

/** From 0 to 1; nothing to do is done. */
export function shareOf({ done, total }: Pick<Transfer, "done" | "total">): number {
  if (total === undefined) return 0;
  return total === 0 ? 1 : Math.min(done / total, 1);
}

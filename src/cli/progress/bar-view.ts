import { MultiBar } from "cli-progress";
import type { ProgressEvent } from "../../core/progress.ts";
import type { Messages } from "../messages.ts";
import { printableLine, shortened } from "../printable.ts";
import type { ProgressView } from "./progress-view.ts";
import {
  type Clock,
  type Transfer,
  TransferMeter,
  describeTransfer,
  shareOf,
} from "./transfer-meter.ts";

const MOST_ITEMS = 6;
const BAR_WIDTH = 16;
/** What a line has beside the name; on a narrow terminal its end is cut off. */
const LINE_WIDTH = 72;
const LEAST_NAME = 20;
const MOST_NAME = 60;

/**
 * Progress on a terminal: a bar for each of a few items, and one for all. The bars look at the meter when they are drawn, so
 * an event costs nothing but a sum. They are gone when the step is over.
 */
export class BarView implements ProgressView {
  readonly #messages: Messages;
  readonly #stream: NodeJS.WriteStream;
  readonly #meter: TransferMeter;
  /** The items that have a line; below them, where there are several, is one for all. */
  readonly #shown: string[] = [];
  #bars: MultiBar | undefined;
  #barCount = 0;

  constructor(messages: Messages, stream: NodeJS.WriteStream, clock: Clock) {
    this.#messages = messages;
    this.#stream = stream;
    this.#meter = new TransferMeter(clock);
  }

  show(event: ProgressEvent): void {
    switch (event.kind) {
      case "step":
        this.#clear();
        this.#meter.reset();
        this.#messages.step(event.text);
        return;
      case "warning":
        this.#clear();
        this.#messages.warning(event.text);
        return;
      case "bytes":
        this.#meter.update(event.item, event.done, event.total);
        this.#place(event.item);
        return;
      case "note":
    }
  }

  /** Without this the bars' timer would keep the process alive. */
  [Symbol.dispose](): void {
    this.#clear();
  }

  /** An item takes the line of one that is done; while all are taken it only counts in the total. */
  #place(item: string): void {
    const { unfinished, count } = this.#meter;
    if (!unfinished.has(item) || this.#shown.includes(item)) return;
    const free = this.#shown.findIndex((shown) => !unfinished.has(shown));
    if (free !== -1) this.#shown[free] = item;
    else if (this.#shown.length < MOST_ITEMS) this.#shown.push(item);
    const wanted = this.#shown.length + (count > 1 ? 1 : 0);
    while (this.#barCount < wanted) this.#addBar();
  }

  #addBar(): void {
    this.#bars ??= new MultiBar({
      stream: this.#stream,
      clearOnComplete: true,
      // Trimming instead of switching the terminal's wrapping off, which a kill would leave off.
      linewrap: true,
      format: (_options, { maxWidth }, { line }: { line: number }) => this.#draw(line, maxWidth),
    });
    this.#bars.create(1, 0, { line: this.#barCount++ });
  }

  #draw(line: number, width: number): string {
    const item = this.#shown[line];
    if (item === undefined) return drawn(this.#meter.all(), "in total", width);
    const transfer = this.#meter.of(item);
    return transfer === undefined ? "" : drawn(transfer, printableLine(item), width);
  }

  #clear(): void {
    this.#bars?.stop();
    this.#bars = undefined;
    this.#barCount = 0;
    this.#shown.length = 0;
  }
}

function drawn(transfer: Transfer, name: string, width: number): string {
  const filled = Math.round(shareOf(transfer) * BAR_WIDTH);
  const bar = `${"=".repeat(filled)}${" ".repeat(BAR_WIDTH - filled)}`;
  const nameWidth = Math.min(Math.max(width - LINE_WIDTH, LEAST_NAME), MOST_NAME);
  return `  ${shortened(name, nameWidth).padEnd(nameWidth)}  [${bar}]  ${describeTransfer(transfer)}`;
}

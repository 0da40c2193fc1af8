import type { ProgressEvent } from "../../core/progress.ts";
import type { Messages } from "../messages.ts";
import { printableLine } from "../printable.ts";
import type { ProgressView } from "./progress-view.ts";
import { type Clock, TransferMeter, describeTransfer } from "./transfer-meter.ts";

const INTERVAL = 5000;

/** Progress where there is no terminal: a line for each step, and one every few seconds. */
export class LineView implements ProgressView {
  readonly #messages: Messages;
  readonly #clock: Clock;
  readonly #meter: TransferMeter;
  readonly #timer: NodeJS.Timeout;
  #item = "";
  #lastLineAt: number;

  constructor(messages: Messages, clock: Clock) {
    this.#messages = messages;
    this.#clock = clock;
    this.#meter = new TransferMeter(clock);
    this.#lastLineAt = clock();
    // A transfer that stalls has no events, and should be seen to stall.
    this.#timer = setInterval(() => this.#tell(), INTERVAL).unref();
  }

  show(event: ProgressEvent): void {
    switch (event.kind) {
      case "step":
        this.#meter.reset();
        this.#lastLineAt = this.#clock();
        this.#messages.step(event.text);
        return;
      case "warning":
        this.#messages.warning(event.text);
        return;
      case "bytes":
        this.#item = event.item;
        this.#meter.update(event.item, event.done, event.total);
        this.#tell();
        return;
      case "note":
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #tell(): void {
    const now = this.#clock();
    if (now - this.#lastLineAt < INTERVAL || this.#meter.unfinished.size === 0) return;
    this.#lastLineAt = now;
    this.#messages.detail(`${describeTransfer(this.#meter.all())}  ${printableLine(this.#item)}`);
  }
}

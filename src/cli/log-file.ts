import { closeSync, openSync, writeSync } from "node:fs";
import { inspect, stripVTControlCharacters } from "node:util";
import { HostError, messageOf } from "../core/errors.ts";
import type { ProgressEvent } from "../core/progress.ts";
import { printable } from "./printable.ts";

/** Of one item's bytes a line each second is enough: a download has thousands of events a second. */
const BYTES_INTERVAL = 1000;

/**
 * Everything that happens, with times, for whoever has to find out why. Lines are written at once, so that a crash loses
 * none; a file that is there is continued. Where it takes no more, the work goes on without it.
 */
export class LogFile implements Disposable {
  readonly #file: number;
  readonly #onFailure: (text: string) => void;
  #hasFailed = false;
  readonly #lastBytes = new Map<string, number>();

  /** Throws {@link HostError}. `onFailure` is told once, when the file takes no more. */
  constructor(path: string, onFailure: (text: string) => void) {
    this.#onFailure = (text) => onFailure(`The log "${path}" is not complete: ${text}`);
    try {
      this.#file = openSync(path, "a");
    } catch (error) {
      throw new HostError("IO", `Cannot write the log "${path}": ${messageOf(error)}`, {
        cause: error,
        hint: "Give --log a path in a directory that can be written to.",
      });
    }
  }

  write(text: string): void {
    const lines = printable(stripVTControlCharacters(text)).replaceAll("\n", "\n    ");
    if (this.#hasFailed) return;
    try {
      writeSync(this.#file, `${new Date().toISOString()} ${lines}\n`);
    } catch (error) {
      this.#hasFailed = true;
      this.#onFailure(messageOf(error));
    }
  }

  event(event: ProgressEvent): void {
    if (event.kind !== "bytes") {
      this.write(`${event.kind}: ${event.text}`);
      return;
    }
    const { item, done, total } = event;
    const isDone = total !== undefined && done >= total;
    const now = performance.now();
    if (!isDone && now - (this.#lastBytes.get(item) ?? -BYTES_INTERVAL) < BYTES_INTERVAL) return;
    if (isDone) this.#lastBytes.delete(item);
    else this.#lastBytes.set(item, now);
    this.write(`bytes: ${item}: ${done} of ${total ?? "?"}`);
  }

  /** With stack and causes. */
  error(error: unknown): void {
    this.write(`error: ${inspect(error, { depth: 6 })}`);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}

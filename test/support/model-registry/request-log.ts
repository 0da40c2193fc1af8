import { EventEmitter, once } from "node:events";
import type { FaultEffect, RequestKind } from "./fault.ts";

/** One request and what became of it; changes until `outcome` is no longer "open". */
export interface LoggedRequest {
  readonly n: number;
  readonly kind: RequestKind;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** The Range header as it came. */
  readonly range: string | undefined;
  readonly userAgent: string | undefined;
  /** Whether it carried an Authorization header. */
  readonly authorized: boolean;
  readonly fault: FaultEffect["type"] | undefined;
  status: number | undefined;
  /** Bytes of the body that were really handed to the network. */
  bodyBytes: number;
  outcome: "open" | "complete" | "cut" | "closed by client";
}

export class RequestLog {
  readonly #events = new EventEmitter();
  #requests: LoggedRequest[] = [];
  #count = 0;

  constructor() {
    this.#events.setMaxListeners(0);
  }

  get requests(): readonly LoggedRequest[] {
    return this.#requests;
  }

  add(request: Omit<LoggedRequest, "n" | "status" | "bodyBytes" | "outcome">): LoggedRequest {
    this.#count += 1;
    const entry: LoggedRequest = {
      n: this.#count,
      ...request,
      status: undefined,
      bodyBytes: 0,
      outcome: "open",
    };
    this.#requests.push(entry);
    return entry;
  }

  /** Tells those who wait that something in the log has changed. */
  changed(): void {
    this.#events.emit("change");
  }

  forget(): void {
    this.#requests = [];
  }

  /** Resolves as soon as the log satisfies the condition. */
  async until(condition: (requests: readonly LoggedRequest[]) => boolean): Promise<void> {
    while (!condition(this.#requests)) await once(this.#events, "change");
  }
}

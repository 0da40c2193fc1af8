import type { IncomingMessage, ServerResponse } from "node:http";
import type { FaultEffect } from "./fault.ts";
import type { LoggedRequest, RequestLog } from "./request-log.ts";
import type { Random } from "./seeded-random.ts";

/** A request under way, with what goes wrong in it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly effect: FaultEffect | undefined;
  readonly random: Random;
  readonly logged: LoggedRequest;
  readonly log: RequestLog;
}

export interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

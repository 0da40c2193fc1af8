import type { IncomingMessage, ServerResponse } from "node:http";
import type { Log } from "../log.ts";
import type { Runners } from "../runner/runners.ts";
import type { Settings } from "../settings.ts";

/** One request with its body read, and what is needed to answer it. */
export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly body: Buffer;
  readonly settings: Settings;
  readonly runners: Runners;
  readonly log: Log;
  /** Aborted when the client goes away or the server stops. */
  readonly signal: AbortSignal;
}

export type Handler = (call: Call) => Promise<void> | void;

import { parseKeepAlive } from "../go/duration.ts";
import { ApiError } from "./api-error.ts";
import type { Call } from "./call.ts";
import type { RequestBody } from "./request-body.ts";

/** How long a request wants its model to stay loaded, in milliseconds. */
export function keepAliveOf({ settings }: Call, { keep_alive: keepAlive }: RequestBody): number {
  if (keepAlive === undefined || keepAlive === null) return settings.keepAlive;
  try {
    return parseKeepAlive(keepAlive);
  } catch (error) {
    throw new ApiError(400, error instanceof Error ? error.message : String(error));
  }
}

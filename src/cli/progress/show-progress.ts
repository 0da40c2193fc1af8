import type { Messages } from "../messages.ts";
import { BarView } from "./bar-view.ts";
import { LineView } from "./line-view.ts";
import type { ProgressView } from "./progress-view.ts";
import type { Clock } from "./transfer-meter.ts";

/** Bars on a terminal that can move its cursor, lines elsewhere. */
export function showProgress(
  stream: NodeJS.WriteStream,
  messages: Messages,
  clock: Clock = () => performance.now(),
): ProgressView {
  const canMove = stream.isTTY && process.env["TERM"] !== "dumb";
  return canMove ? new BarView(messages, stream, clock) : new LineView(messages, clock);
}

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Exchange } from "./exchange.ts";
import type { RequestKind } from "./fault.ts";
import type { FaultPlan } from "./fault-plan.ts";
import type { RequestLog } from "./request-log.ts";

interface Books {
  readonly faults: FaultPlan;
  readonly log: RequestLog;
}

/** Logs a request, draws its fault and has it answered. */
export async function serveExchange(
  message: { readonly request: IncomingMessage; readonly response: ServerResponse },
  { faults, log }: Books,
  answer: (exchange: Exchange) => Promise<void>,
): Promise<void> {
  const { request, response } = message;
  const { method = "GET", headers } = request;
  const url = new URL(request.url ?? "/", "http://registry");
  const subject = { kind: kindOf(url.pathname), method, path: url.pathname };
  const effect = faults.effectOn(subject);
  const logged = log.add({
    ...subject,
    range: headers.range,
    userAgent: headers["user-agent"],
    authorized: headers.authorization !== undefined,
    fault: effect?.type,
  });
  response.once("close", () => {
    if (logged.outcome === "open") logged.outcome = "closed by client";
    log.changed();
  });
  log.changed();
  request.resume();
  try {
    await answer({ request, response, url, effect, random: faults.random, logged, log });
  } catch {
    response.destroy();
  }
}

function kindOf(path: string): RequestKind {
  if (path.startsWith("/storage/")) return "storage";
  if (path === "/token") return "token";
  if (path === "/v2/") return "root";
  if (path.includes("/manifests/")) return "manifest";
  return path.includes("/blobs/") ? "blob" : "other";
}

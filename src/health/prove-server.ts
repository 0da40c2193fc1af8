import { type CheckServerOptions, checkServer } from "./check-server.ts";
import type { HealthReport } from "./health-report.ts";
import { UnhealthyError } from "./unhealthy-error.ts";

export interface ProveServerOptions extends CheckServerOptions {
  /** What to do where it is not healthy. */
  readonly hint: (report: HealthReport) => string | Promise<string>;
}

/** Throws {@link UnhealthyError}, which carries the report, unless the server is healthy. */
export async function proveServer(
  url: URL,
  { hint, ...options }: ProveServerOptions,
): Promise<HealthReport> {
  const report = await checkServer(url, options);
  if (report.isHealthy) return report;
  throw new UnhealthyError(report, { hint: await hint(report) });
}

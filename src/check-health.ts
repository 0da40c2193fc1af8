import { checkServer, type CheckServerOptions } from "./health/check-server.ts";
import type { HealthReport } from "./health/health-report.ts";
import { DEFAULT_SERVER_URL, parseServerUrl } from "./health/server-url.ts";
import { UnhealthyError } from "./health/unhealthy-error.ts";

export interface CheckHealthOptions extends CheckServerOptions {
  /** Default `http://127.0.0.1:11434`. */
  readonly url?: string | undefined;
}

/**
 * Proves that an Ollama server serves its models: every one that it lists, or those of `models`. Throws
 * {@link UnhealthyError}, which carries the report, and DefinitionError for an address that is none.
 */
export async function checkHealth({
  url = DEFAULT_SERVER_URL,
  ...options
}: CheckHealthOptions = {}): Promise<HealthReport> {
  const report = await checkServer(parseServerUrl(url), options);
  if (report.isHealthy) return report;
  throw new UnhealthyError(report, { hint: hintFor(report) });
}

function hintFor({ checks, url }: HealthReport): string {
  const first = checks.find(({ result }) => result === "failed");
  if (first?.model !== undefined)
    return "Install the bundle again: a model on this server is missing or damaged.";
  if (first?.check === "server")
    return `Check that Ollama runs and listens at ${url}, or give its address with --url.`;
  return "Look at the log of the Ollama server.";
}

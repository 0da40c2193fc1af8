import type { CheckServerOptions } from "./health/check-server.ts";
import type { HealthReport } from "./health/health-report.ts";
import { proveServer } from "./health/prove-server.ts";
import { DEFAULT_SERVER_URL, parseServerUrl } from "./health/server-url.ts";

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
  return proveServer(parseServerUrl(url), { ...options, hint: hintFor });
}

function hintFor({ checks, url }: HealthReport): string {
  const first = checks.find(({ result }) => result === "failed");
  if (first?.model !== undefined)
    return "Install the bundle again: a model on this server is missing or damaged.";
  if (first?.check === "server")
    return `Check that Ollama runs and listens at ${url}, or give its address with --url.`;
  return "Look at the log of the Ollama server.";
}

import type { HealthReport } from "./health-report.ts";

/** What is worth keeping of a report. */
export interface HealthSummary {
  readonly url: string;
  readonly ollamaVersion?: string;
  /** What each model was computed by, by the model's name: `CPU`, `GPU`, `42% GPU`. */
  readonly processors: Record<string, string>;
}

export function summarizeHealth({ url, version, checks }: HealthReport): HealthSummary {
  const processors = checks.flatMap(({ model, processor }) =>
    model && processor ? [[model, processor] as const] : [],
  );
  return {
    url,
    ...(version !== undefined && { ollamaVersion: version }),
    processors: Object.fromEntries(processors),
  };
}

/** The warnings of a report as sentences: `"gemma:2b": it is too large for the memory of this machine`. */
export function healthWarnings({ checks }: HealthReport): string[] {
  const warnings = checks.filter(({ result }) => result === "warning");
  return warnings.map(({ check, model, detail }) =>
    model === undefined ? `${check}: ${detail}` : `"${model}": ${detail}`,
  );
}

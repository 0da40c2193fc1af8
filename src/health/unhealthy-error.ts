import { type ErrorDetails, HealthError } from "../core/errors.ts";
import type { HealthCheck, HealthReport } from "./health-report.ts";

/** A server that does not serve as promised, with everything that was found. */
export class UnhealthyError extends HealthError {
  readonly report: HealthReport;

  constructor(report: HealthReport, details: ErrorDetails = {}) {
    const first = report.checks.find(({ result }) => result === "failed");
    super(
      "NOT_HEALTHY",
      `Ollama at ${report.url} is not healthy: ${first === undefined ? "nothing was checked" : sentence(first)}`,
      details,
    );
    this.report = report;
  }
}

function sentence({ check, model, detail }: HealthCheck): string {
  return model === undefined
    ? `check "${check}": ${detail}`
    : `check "${check}" of "${model}": ${detail}`;
}

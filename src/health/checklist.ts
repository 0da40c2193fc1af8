import type { OnProgress } from "../core/progress.ts";
import type { Finding, HealthCheck } from "./health-report.ts";

/** Collects what was found and how long each check took. */
export class Checklist {
  readonly #checks: HealthCheck[] = [];
  readonly #onProgress: OnProgress | undefined;

  constructor(onProgress: OnProgress | undefined) {
    this.#onProgress = onProgress;
  }

  get checks(): readonly HealthCheck[] {
    return this.#checks;
  }

  /** Adds what `look` finds, and gives back what `look` gave. */
  async add<T extends Finding | { readonly finding: Finding }>(look: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await look();
    const finding: Finding = "finding" in result ? result.finding : result;
    const milliseconds = Math.round(performance.now() - start);
    this.#checks.push({ ...finding, milliseconds });
    const about = finding.model === undefined ? finding.check : `${finding.check} ${finding.model}`;
    const text = `${about}: ${finding.result}, ${finding.detail} (${milliseconds} ms)`;
    this.#onProgress?.({ kind: "note", text });
    return result;
  }
}

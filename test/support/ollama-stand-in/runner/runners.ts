import type { Details } from "../api/details.ts";

/** A model in memory. */
export interface Runner {
  readonly name: string;
  readonly digest: string;
  readonly weightsDigest: string;
  readonly details: Details;
  readonly bytes: number;
  readonly contextLength: number;
}

interface Loaded extends Runner {
  expiresAt: Date;
}

/** An unloaded model is gone from the list only a moment later. */
const UNLOAD_MS = 20;
const LATEST_DATE = new Date("2319-03-03T00:00:00Z");

/** What is loaded: one runner for each weights file. */
export class Runners {
  readonly #loaded = new Map<string, Loaded>();

  /** Longest-lived first. */
  get loaded(): readonly Loaded[] {
    const now = new Date();
    for (const [key, { expiresAt }] of this.#loaded) {
      if (expiresAt <= now) this.#loaded.delete(key);
    }
    return [...this.#loaded.values()].sort((a, b) => b.expiresAt.getTime() - a.expiresAt.getTime());
  }

  /** Another model with the same weights and context joins the runner under its first name. */
  load(runner: Runner, keepAlive: number): void {
    const running = this.#loaded.get(runner.weightsDigest);
    const shared = running?.contextLength === runner.contextLength ? running : runner;
    const until = new Date(Date.now() + keepAlive);
    const expiresAt = until < LATEST_DATE ? until : LATEST_DATE;
    this.#loaded.set(runner.weightsDigest, { ...shared, expiresAt });
  }

  unload(weightsDigest: string): void {
    setTimeout(() => this.#loaded.delete(weightsDigest), UNLOAD_MS).unref();
  }
}

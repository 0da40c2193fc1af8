import { type Fault, type FaultEffect, type FaultSubject, matches } from "./fault.ts";
import { type Random, seededRandom } from "./seeded-random.ts";

/** Decides request by request what goes wrong; the same requests in the same order fare alike. */
export class FaultPlan {
  readonly random: Random;
  #rules: Rule[] = [];

  constructor(seed: number, faults: readonly Fault[]) {
    this.random = seededRandom(seed);
    this.replace(faults);
  }

  /** How many requests each fault has harmed, in the order the faults were given. */
  get counts(): readonly number[] {
    return this.#rules.map((rule) => rule.harmed);
  }

  replace(faults: readonly Fault[]): void {
    this.#rules = faults.map((fault) => ({ fault, seen: 0, harmed: 0 }));
  }

  /** The first fault that applies; only that one is counted. */
  effectOn(subject: FaultSubject): FaultEffect | undefined {
    const rule = this.#rules.find((candidate) => this.#applies(candidate, subject));
    if (rule === undefined) return undefined;
    rule.harmed += 1;
    return rule.fault.effect;
  }

  #applies(rule: Rule, subject: FaultSubject): boolean {
    const { on, skip = 0, times = Number.POSITIVE_INFINITY, share = 1 } = rule.fault;
    if (!matches(on, subject)) return false;
    rule.seen += 1;
    if (rule.seen <= skip || rule.harmed >= times) return false;
    return share >= 1 || this.random() < share;
  }
}

interface Rule {
  readonly fault: Fault;
  seen: number;
  harmed: number;
}

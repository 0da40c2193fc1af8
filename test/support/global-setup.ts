import type { TestModule, TestProject } from "vitest/node";
import { holdTestHosts } from "../../scripts/test-hosts/hold-test-hosts.ts";
import type { MissingHost } from "../../scripts/test-hosts/test-hosts.ts";
import { canHaveFatMachine } from "./fat-machine.ts";

interface Missing {
  readonly name: MissingHost["name"] | "FAT32";
  readonly reason: string;
}

const NO_FAT: Missing = {
  name: "FAT32",
  reason: "a kernel of its own for it takes root, Debian or Ubuntu, and an x86-64 processor",
};

/** Starts the test hosts that are not up, gives them to the tests, and stops what it started. */
export default async function setUpTestHosts(project: TestProject): Promise<() => Promise<void>> {
  const { hosts, release } = await holdTestHosts((line) => console.error(line));
  const missing = [...hosts.missing, ...(canHaveFatMachine ? [] : [NO_FAT])];
  if (process.env["CI"] === "true" && missing.length > 0) {
    await release();
    throw new Error(`With CI=true every test host is needed. Missing: ${reasons(missing)}`);
  }
  project.provide("testHosts", hosts);
  return async function tearDown() {
    const skipped = countSkippedForHost(project.vitest.state.getTestModules());
    if (skipped > 0)
      console.error(`\n!!! ${skipped} tests SKIPPED for want of a host: ${reasons(missing)}\n`);
    await release();
  };
}

function countSkippedForHost(modules: readonly TestModule[]): number {
  const suites = modules.flatMap((module) => [...module.children.allSuites()]);
  const skipped = suites.filter((suite) => suite.meta().missingHost !== undefined);
  return skipped.flatMap((suite) => [...suite.children.allTests()]).length;
}

function reasons(missing: readonly Missing[]): string {
  const byReason = Map.groupBy(missing, ({ reason }) => reason);
  const clauses = [...byReason].map(
    ([reason, hosts]) => `${hosts.map(({ name }) => name).join(", ")}: ${reason}`,
  );
  return clauses.join("; ");
}

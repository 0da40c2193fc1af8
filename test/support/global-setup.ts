import type { TestModule, TestProject } from "vitest/node";
import { holdTestHosts } from "../../scripts/test-hosts/hold-test-hosts.ts";
import type { MissingHost } from "../../scripts/test-hosts/test-hosts.ts";

/** Starts the test hosts that are not up, gives them to the tests, and stops what it started. */
export default async function setUpTestHosts(project: TestProject): Promise<() => Promise<void>> {
  const { hosts, release } = await holdTestHosts((line) => console.error(line));
  if (process.env["CI"] === "true" && hosts.missing.length > 0) {
    await release();
    throw new Error(`With CI=true every test host is needed. Missing: ${reasons(hosts.missing)}`);
  }
  project.provide("testHosts", hosts);
  return async function tearDown() {
    const skipped = countSkippedForEngine(project.vitest.state.getTestModules());
    if (skipped > 0)
      console.error(
        `\n!!! ${skipped} tests SKIPPED for want of an engine: ${reasons(hosts.missing)}\n`,
      );
    await release();
  };
}

function countSkippedForEngine(modules: readonly TestModule[]): number {
  const suites = modules.flatMap((module) => [...module.children.allSuites()]);
  const skipped = suites.filter((suite) => suite.meta().missingEngine !== undefined);
  return skipped.flatMap((suite) => [...suite.children.allTests()]).length;
}

function reasons(missing: readonly MissingHost[]): string {
  const byReason = Map.groupBy(missing, ({ reason }) => reason);
  const clauses = [...byReason].map(
    ([reason, hosts]) => `${hosts.map(({ name }) => name).join(", ")}: ${reason}`,
  );
  return clauses.join("; ");
}

import type { Reporter } from "vitest/node";

/** Closes a test run with one plain line: `12 passed, 0 failed, 3 skipped`. A file or group that cannot start is a failure. */
export const counts: Reporter = {
  onTestRunEnd(modules, unhandledErrors) {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    const broken = suites.filter((suite) => suite.errors().length > 0).length;
    const failed = count("failed") + broken + unhandledErrors.length;
    process.stdout.write(
      `${count("passed")} passed, ${failed} failed, ${count("skipped")} skipped\n`,
    );
  },
};

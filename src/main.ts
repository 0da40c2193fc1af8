#!/usr/bin/env node
import { nodeProblem } from "./cli/node-problem.ts";

// Everything else is imported only after this: an older Node may not even be able to read it.
const problem = nodeProblem(process.versions.node);
if (problem === undefined) await run();
else {
  process.stderr.write(`error: ${problem}\n`);
  process.exitCode = 1;
}

async function run(): Promise<void> {
  const { runCommandLine } = await import("./cli/run-command-line.ts");
  const controller = new AbortController();
  // SIGHUP: the terminal or its ssh is gone. The second signal of a kind finds no listener and ends the process.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => controller.abort());
  process.exitCode = await runCommandLine(process.argv, controller.signal);
}

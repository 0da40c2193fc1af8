#!/usr/bin/env node
import { setFlagsFromString } from "node:v8";
import { nodeProblem } from "./cli/node-problem.ts";

// Everything else is imported only after this: an older Node may not even be able to read it.
const problem = nodeProblem(process.versions.node);
if (problem === undefined) await run();
else {
  process.stderr.write(`error: ${problem}\n`);
  process.exitCode = 1;
}

async function run(): Promise<void> {
  // What moves gigabytes in few objects gains nothing from a young generation that grows, in every thread, by tens of megabytes.
  setFlagsFromString("--semi-space-growth-factor=1");
  const { runCommandLine } = await import("./cli/run-command-line.ts");
  const controller = new AbortController();
  // The second signal finds no listener and ends the process.
  process.once("SIGINT", () => controller.abort());
  process.once("SIGTERM", () => controller.abort());
  process.exitCode = await runCommandLine(process.argv, controller.signal);
}

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, release as kernelRelease, tmpdir, totalmem, type } from "node:os";
import { join } from "node:path";
import { formatBytes } from "../../src/cli/format.ts";
import { packModules } from "../pack-modules.ts";
import { holdTestHosts } from "../test-hosts/hold-test-hosts.ts";
import { canRunPrivateHosts } from "../test-hosts/machine-engine.ts";
import { installPackages } from "../test-hosts/packages.ts";
import type { TestHosts } from "../test-hosts/test-hosts.ts";
import { BenchEngine, NAME } from "./bench-engine.ts";
import { type BenchResult, type RunResult, benchRun } from "./bench-run.ts";
import { describeResult } from "./describe-result.ts";
import { type BenchOptions, readOptions } from "./options.ts";

/** What the yardsticks need, of Debian's packages. A yardstick that is not there is left out, and that is said. */
const PACKAGES = ["curl", "openssl", "pigz"];

const TABLE = join(import.meta.dirname, "../bench.md");

/** Measures the commands beside what people would use in their place, and writes bench.md. No number makes it fail: it reports. */
await packModules({ pull: "scripts/bench/pull-program.ts" }, "dist/bench");
await main(readOptions(process.argv.slice(2)));

/** What was measured is written at once: the next run may fail hours later. */
async function main(options: BenchOptions): Promise<void> {
  const date = new Date().toISOString().slice(0, 10);
  const runs: RunResult[] = [];
  const result: BenchResult = { date, machine: describeMachine(), runs };
  for await (const run of measured(options)) {
    runs.push(run);
    await writeFile(TABLE, describeResult(result));
    if (options.json !== undefined) await writeFile(options.json, JSON.stringify(result, null, 2));
  }
  console.log(describeResult(result));
}

async function* measured({ runs }: BenchOptions): AsyncGenerator<RunResult> {
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort(new Error("interrupted")));
  await using cleanup = new AsyncDisposableStack();
  const base = await mkdtemp(join(tmpdir(), `${NAME}-`));
  cleanup.defer(() => rm(base, { recursive: true, force: true }));
  const { hosts, release } = await holdTestHosts(say);
  cleanup.defer(release);
  if (canRunPrivateHosts())
    await installPackages(PACKAGES, say).catch((error: Error) => say(error.message));
  for (const { name, reason } of hosts.missing) say(`Missing: ${name}, ${reason}`);
  for (const [index, { modelsSize, rounds, host }] of runs.entries()) {
    const engine = engineOn(host, hosts);
    // Once without what it asked for is enough.
    if (host !== runs[0]?.host && engine?.host.name !== host) continue;
    const directory = join(base, String(index));
    const work = { rounds, signal: interrupted.signal, onProgress: say };
    await using emptied = new AsyncDisposableStack();
    emptied.defer(async () => engine?.empty());
    yield await benchRun(modelsSize * 1024 ** 3, { directory, engine, ...work });
  }
}

/** The test host of that name; where there are none, for all names the engine that this machine has. */
function engineOn(
  wanted: string,
  { engines }: Pick<TestHosts, "engines">,
): BenchEngine | undefined {
  const host = engines.find(({ name }) => name === wanted || name === "machine");
  if (host === undefined) say(`There is no engine "${wanted}": what needs it is left out`);
  return host && new BenchEngine(host);
}

/** What the numbers depend on, without anything that names this machine. */
function describeMachine(): Record<string, string> {
  return {
    processor: `${cpus()[0]?.model}, ${cpus().length} cores`,
    memory: formatBytes(totalmem()),
    kernel: `${type()} ${kernelRelease()}`,
    Node: process.version,
  };
}

function say(line: string): void {
  console.error(line);
}

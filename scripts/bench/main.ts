import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, release, tmpdir, totalmem, type } from "node:os";
import { join } from "node:path";
import { formatBytes } from "../../src/cli/format.ts";
import { packModules } from "../pack-modules.ts";
import { holdTestHosts } from "../test-hosts/hold-test-hosts.ts";
import { BenchEngine, NAME } from "./bench-engine.ts";
import { type BenchResult, type SizeResult, benchSize } from "./bench-size.ts";
import { describeResult } from "./describe-result.ts";
import { type BenchOptions, readOptions } from "./options.ts";

const TABLE = join(import.meta.dirname, "../bench.md");

/** Measures the commands beside what people would use in their place, and writes bench.md. No number makes it fail: it reports. */
await packModules({ pull: "scripts/bench/pull-program.ts" }, "dist/bench");
await main(readOptions());

async function main(options: BenchOptions): Promise<void> {
  const result = await bench(options);
  console.log(describeResult(result));
  await writeFile(TABLE, describeResult(result));
  if (options.json !== undefined) await writeFile(options.json, JSON.stringify(result, null, 2));
}

async function bench({ modelsSizes, rounds, host }: BenchOptions): Promise<BenchResult> {
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort(new Error("interrupted")));
  await using cleanup = new AsyncDisposableStack();
  const base = await mkdtemp(join(tmpdir(), `${NAME}-`));
  cleanup.defer(() => rm(base, { recursive: true, force: true }));
  const engine = await findEngine(host, cleanup);
  const machine = await describeMachine(engine);
  const sizes: SizeResult[] = [];
  for (const size of modelsSizes) {
    const directory = join(base, String(size));
    const work = { rounds, signal: interrupted.signal, onProgress: say };
    sizes.push(await benchSize(size * 1024 ** 3, { directory, engine, ...work }));
  }
  return { date: new Date().toISOString().slice(0, 10), machine, sizes };
}

/** The test host of that name, or where there is none the engine that this machine has. */
async function findEngine(
  wanted: string,
  cleanup: AsyncDisposableStack,
): Promise<BenchEngine | undefined> {
  const { hosts, release } = await holdTestHosts(say);
  cleanup.defer(release);
  for (const { name, reason } of hosts.missing) say(`Missing: ${name}, ${reason}`);
  const host = hosts.engines.find(({ name }) => name === wanted || name === "machine");
  if (host === undefined) {
    say(`There is no engine "${wanted}": everything with an image is left out`);
    return undefined;
  }
  const engine = new BenchEngine(host);
  cleanup.defer(() => engine.empty());
  return engine;
}

/** What the numbers depend on, without anything that names this machine. */
async function describeMachine(engine: BenchEngine | undefined): Promise<Record<string, string>> {
  const version = await engine?.docker("version", "--format", "{{.Server.Version}}");
  return {
    processor: `${cpus()[0]?.model}, ${cpus().length} cores`,
    memory: formatBytes(totalmem()),
    kernel: `${type()} ${release()}`,
    Node: process.version,
    engine: engine === undefined ? "none" : `Docker ${version}, ${engine.host.imageStore}`,
  };
}

function say(line: string): void {
  console.error(line);
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { aroundAll, describe, inject } from "vitest";
import { takeLock } from "../../scripts/test-hosts/lock.ts";
import type {
  EngineHost,
  PrivateEngineName,
  TestHosts,
} from "../../scripts/test-hosts/test-hosts.ts";
import { canHaveFatMachine } from "./fat-machine.ts";

export type { EngineHost } from "../../scripts/test-hosts/test-hosts.ts";

const OUTERMOST: PrivateEngineName = "docker-20.10";
/** The engine of the suite that is being collected; not known in a `describe` within it, which vitest collects later. */
let outer: PrivateEngineName | undefined;

/** As long as many suites take that come before, in milliseconds. */
const LOCK_PATIENCE = 1_800_000;

declare module "vitest" {
  interface ProvidedContext {
    readonly testHosts: TestHosts;
  }
  interface TaskMeta {
    /** What a suite is skipped for want of: an engine, or a machine that knows FAT32; global-setup counts these. */
    missingHost?: PrivateEngineName | "FAT32";
  }
}

/**
 * A suite that needs the engine of that name; no other suite has it meanwhile. Only inside one that needs `docker-20.10` may
 * another be, so that no two wait for each other. Where this machine cannot have the engine, the suite is skipped and counted in the
 * line that ends the run.
 */
export function describeEngine(
  name: PrivateEngineName,
  title: string,
  body: (engine: EngineHost) => void,
): void {
  assertMayNeed(name);
  const engine = findEngine(name);
  if (engine !== undefined) {
    describe(`${title} (${engine.name})`, () => {
      aroundAll(async (runSuite) => {
        await using _lock = await takeLock(`-${engine.name}`);
        await runSuite();
      }, LOCK_PATIENCE);
      collectInside(name, () => body(engine));
    });
  } else {
    describe.skip(`${title} (${name})`, { meta: { missingHost: name } }, () => body(nowhere));
  }
}

/** Throws where suites of two files could wait for each other for ever. */
function assertMayNeed(name: PrivateEngineName): void {
  if (outer !== undefined && (outer !== OUTERMOST || name === OUTERMOST))
    throw new Error(`A suite of ${name} inside one of ${outer}`);
}

function collectInside(name: PrivateEngineName, collect: () => void): void {
  outer = name;
  try {
    collect();
  } finally {
    outer = undefined;
  }
}

/** A suite that needs a kernel that knows FAT32, skipped and counted in the same way. */
export function describeOnFat(title: string, body: () => void): void {
  if (canHaveFatMachine) describe(`${title} (FAT32)`, body);
  else describe.skip(`${title} (FAT32)`, { meta: { missingHost: "FAT32" } }, body);
}

/** `127.0.0.1:PORT` of the plain HTTP registry; `docker-20.10` and `docker-28` (read-only) reach it by that name. */
export function testRegistry(): string {
  const { registry } = inject("testHosts");
  if (registry === undefined) throw new Error("no test registry runs on this machine");
  return registry;
}

export interface HostProcessOptions {
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface HostProcessResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in the engine's network, to its end. Aborting kills it and throws the signal's reason. */
export async function spawnOnHost(
  engine: EngineHost,
  argv: readonly string[],
  { cwd, env, signal }: HostProcessOptions = {},
): Promise<HostProcessResult> {
  signal?.throwIfAborted();
  const { networkNamespace } = engine;
  const [program = "", ...args] = networkNamespace
    ? ["nsenter", `--net=${networkNamespace}`, "--", ...argv]
    : argv;
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const kill = () => child.kill("SIGKILL");
  signal?.addEventListener("abort", kill);
  try {
    const [stdout, stderr, [exitCode]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close") as Promise<[number | null]>,
    ]);
    signal?.throwIfAborted();
    return { exitCode, stdout, stderr };
  } finally {
    signal?.removeEventListener("abort", kill);
  }
}

// Bodies of skipped suites are collected too, for the count.
const nowhere: EngineHost = {
  name: "machine",
  dockerHost: "unix:///nonexistent",
  apiVersion: "0",
  imageStore: "other",
  offline: true,
};

function findEngine(name: PrivateEngineName): EngineHost | undefined {
  return inject("testHosts").engines.find((engine) => engine.name === name);
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, inject } from "vitest";
import type {
  EngineHost,
  PrivateEngineName,
  TestHosts,
} from "../../scripts/test-hosts/test-hosts.ts";
import { canHaveFatMachine } from "./fat-machine.ts";
import { TURN_PATIENCE, takeTurn } from "./turn.ts";

export type { EngineHost } from "../../scripts/test-hosts/test-hosts.ts";

declare module "vitest" {
  interface ProvidedContext {
    readonly testHosts: TestHosts;
    /** A directory in which suites take turns at engines. */
    readonly turns: string;
  }
  interface TaskMeta {
    /** What a suite is skipped for want of: an engine, or a machine that knows FAT32; global-setup counts these. */
    missingHost?: PrivateEngineName | "any" | "FAT32";
  }
}

/**
 * A suite that needs an engine: the one of that name, or `any` that has a network, with or without a registry; no other suite has
 * it meanwhile. A suite inside it may need another one: `docker-20.10` is always the outer one. Where this machine cannot have it,
 * the suite is skipped and counted in the line that ends the run.
 */
export function describeEngine(
  name: PrivateEngineName | "any",
  title: string,
  body: (engine: EngineHost) => void,
): void {
  const engine = findEngine(name);
  if (engine !== undefined) {
    describe(`${title} (${engine.name})`, () => {
      let turn: AsyncDisposable;
      beforeAll(
        async () => void (turn = await takeTurn(inject("turns"), engine.name)),
        TURN_PATIENCE,
      );
      afterAll(() => turn[Symbol.asyncDispose]());
      body(engine);
    });
  } else {
    describe.skip(`${title} (${name})`, { meta: { missingHost: name } }, () => body(nowhere));
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

function findEngine(name: PrivateEngineName | "any"): EngineHost | undefined {
  const { engines } = inject("testHosts");
  return engines.find((engine) => (name === "any" ? !engine.offline : engine.name === name));
}

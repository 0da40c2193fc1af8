import { spawn } from "node:child_process";
import { once } from "node:events";
import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { text } from "node:stream/consumers";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
/** Half of such a process would else be stripping types, which users, who have JavaScript, do not pay for. */
const NODE_COMPILE_CACHE = join(tmpdir(), "ollama-bundle-test-compile-cache");

export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  /** Beside the environment of the tests, which loses what would colour or redirect. */
  readonly env?: Readonly<Record<string, string>>;
  /** For node itself, before the program. */
  readonly nodeOptions?: readonly string[];
  readonly program?: string;
  /** Its stdout, instead of a pipe that is read to its end. */
  readonly stdoutTo?: FileHandle;
  /** Sends `interruptWith` (default SIGINT) when this resolves. */
  readonly interruptWhen?: Promise<unknown>;
  readonly interruptWith?: NodeJS.Signals;
}

/** Runs the command line as a user does, in a process of its own. */
export async function runBundle(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const { cwd, env = {}, nodeOptions = [], program = MAIN } = options;
  const { interruptWhen, interruptWith = "SIGINT", stdoutTo } = options;
  const child = spawn(process.execPath, [...nodeOptions, program, ...args], {
    cwd,
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], NODE_COMPILE_CACHE, ...env },
    stdio: ["ignore", stdoutTo?.fd ?? "pipe", "pipe"],
  });
  void interruptWhen?.then(() => child.kill(interruptWith));
  const [stdout, stderr, [exitCode, signal]] = await Promise.all([
    child.stdout === null ? "" : text(child.stdout),
    child.stderr === null ? "" : text(child.stderr),
    once(child, "close"),
  ]);
  return { exitCode, signal, stdout, stderr };
}

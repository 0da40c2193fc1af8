import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

export interface CommandOptions {
  /** Holds what the user who types the command has: caches, state. */
  readonly home: string;
  readonly cwd?: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Path of the network namespace to run in. */
  readonly networkNamespace?: string | undefined;
  /** As `umask` takes it. */
  readonly umask?: string;
  /** How many files it may have open. */
  readonly openFiles?: number;
}

export interface CommandResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Bytes of resident memory at the peak, all threads included; undefined when a signal ended it. */
  readonly peakMemory: number | undefined;
}

export interface RunningCommand {
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<CommandResult>;
}

const MAIN = join(import.meta.dirname, "../../../src/main.ts");
const REPORT_PEAK_MEMORY = pathToFileURL(
  join(import.meta.dirname, "report-peak-memory-program.ts"),
);
/** So that types are not stripped at every start and in every thread, which users, who have JavaScript, do not pay for. */
const COMPILE_CACHE = join(tmpdir(), "ollama-bundle-test-compile-cache");
const NOT_INHERITED = /^(?:DOCKER_.*|OLLAMA_.*|SOURCE_DATE_EPOCH|NODE_OPTIONS|.*_proxy)$/i;

/** Types `bundle …` as a user would, and waits for its end. */
export async function runBundle(
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  return startBundle(args, options).ended;
}

/** Like {@link runBundle}; throws with everything that was said unless it exits with 0. */
export async function bundleSucceeds(
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const result = await runBundle(args, options);
  if (result.exitCode === 0) return result;
  const said = `${result.stdout}${result.stderr}`;
  throw new Error(`bundle ${args.join(" ")} exited with ${result.exitCode}:\n${said}`);
}

/** Starts `bundle …`, to be killed. */
export function startBundle(args: readonly string[], options: CommandOptions): RunningCommand {
  const { home, cwd = home, env, networkNamespace, umask, openFiles } = options;
  const memoryFile = join(home, `peak-memory-${process.hrtime.bigint()}`);
  const argv = [
    ...(networkNamespace ? ["nsenter", `--net=${networkNamespace}`, "--"] : []),
    ...(umask ? ["sh", "-c", `umask ${umask}; exec "$@"`, "sh"] : []),
    ...(openFiles ? ["sh", "-c", `ulimit -n ${openFiles}; exec "$@"`, "sh"] : []),
    process.execPath,
    MAIN,
    ...args,
  ];
  const [program = "", ...rest] = argv;
  const child = spawn(program, rest, {
    cwd,
    env: {
      ...inherited(),
      HOME: home,
      XDG_CACHE_HOME: join(home, "cache"),
      XDG_STATE_HOME: join(home, "state"),
      NODE_COMPILE_CACHE: COMPILE_CACHE,
      NODE_OPTIONS: `--import=${REPORT_PEAK_MEMORY.href}`,
      PEAK_MEMORY_FILE: memoryFile,
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const end = async (): Promise<CommandResult> => {
    const [stdout, stderr, [exitCode]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close") as Promise<[number | null]>,
    ]);
    return { exitCode, stdout, stderr, peakMemory: await takePeakMemory(memoryFile) };
  };
  return { kill: (signal) => void child.kill(signal), ended: end() };
}

/** What a test's environment has that would change what the command does. */
function inherited(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !NOT_INHERITED.test(name));
  return Object.fromEntries(kept);
}

async function takePeakMemory(file: string): Promise<number | undefined> {
  const content = await readFile(file, "utf8").catch(() => undefined);
  await rm(file, { force: true });
  return content === undefined ? undefined : Number(content);
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { text } from "node:stream/consumers";

const MAIN = path.join(import.meta.dirname, "../../support/ollama-stand-in/main.ts");

export interface StandInRun {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Words that go before the program: to run it in another namespace. */
  readonly prefix?: readonly string[];
}

/** The stand-in as a process of its own, with nothing of this process's environment. */
export function spawnStandIn({ args, env, prefix = [] }: StandInRun): ChildProcess {
  const [program = "", ...rest] = [...prefix, process.execPath, MAIN, ...args];
  return spawn(program, rest, { env: { PATH: process.env["PATH"] ?? "", ...env } });
}

/** Runs the stand-in to its end. */
export async function runStandIn(run: StandInRun & { readonly stdin?: string }) {
  const child = spawnStandIn(run);
  child.stdin?.end(run.stdin ?? "");
  const [stdout, stderr, [exitCode, signal]] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    once(child, "close"),
  ]);
  return { stdout, stderr, exitCode: exitCode as number | null, signal };
}

/** The port of `ollama serve`, as soon as its log says that it listens. */
export async function listeningPort(child: ChildProcess): Promise<number> {
  let log = "";
  for await (const chunk of child.stderr ?? []) {
    log += String(chunk);
    const port = /Listening on .*:(\d+) \(version/.exec(log)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error(`The server ended before it listened: ${log}`);
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  return stream === null ? "" : text(stream);
}

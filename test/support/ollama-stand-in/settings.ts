import path from "node:path";
import { parseKeepAlive } from "./go/duration.ts";

/** How the stand-in behaves; everything that real Ollama takes from its environment, and test knobs. */
export interface Settings {
  /** The store. */
  readonly models: string;
  readonly version: string;
  readonly noPrune: boolean;
  readonly noCloud: boolean;
  /** Milliseconds that a model stays loaded. */
  readonly keepAlive: number;
  /** Accepts connections, but answers nothing for so many milliseconds, as while pruning 400,000 files. */
  readonly startDelayMs: number;
  /** Models whose weights are larger do not load. */
  readonly memoryBytes: number;
  /** How long each token takes. */
  readonly tokenMs: number;
  /** Says that models are loaded on a GPU. */
  readonly gpu: boolean;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export const DEFAULT_VERSION = "0.24.0";
const DEFAULT_KEEP_ALIVE = "5m";

export function settingsFromEnvironment(env: Environment): Settings {
  const number = (name: string, otherwise: number) => Number(variable(env, name) || otherwise);
  return {
    models: variable(env, "OLLAMA_MODELS") || path.join(homeOf(env), ".ollama", "models"),
    version: variable(env, "OLLAMA_STAND_IN_VERSION") || DEFAULT_VERSION,
    noPrune: flag(env, "OLLAMA_NOPRUNE"),
    noCloud: flag(env, "OLLAMA_NO_CLOUD"),
    keepAlive: keepAliveFrom(variable(env, "OLLAMA_KEEP_ALIVE") || DEFAULT_KEEP_ALIVE),
    startDelayMs: number("OLLAMA_STAND_IN_START_DELAY_MS", 0),
    memoryBytes: number("OLLAMA_STAND_IN_MEMORY", Number.POSITIVE_INFINITY),
    tokenMs: number("OLLAMA_STAND_IN_TOKEN_MS", 0),
    gpu: flag(env, "OLLAMA_STAND_IN_GPU"),
  };
}

export function homeOf(env: Environment): string {
  return env["HOME"] || "/root";
}

/** Host and port of the server, for the server and for the client. */
export function hostFromEnvironment(env: Environment): {
  readonly host: string;
  readonly port: number;
} {
  const text = (variable(env, "OLLAMA_HOST") || "127.0.0.1:11434").replace(/^https?:\/\//, "");
  const [, host = "", port] = /^(\[[^\]]*\]|[^:/]*)(?::(\d+))?/.exec(text) ?? [];
  return { host: host.replace(/^\[|\]$/g, "") || "127.0.0.1", port: Number(port ?? 11_434) };
}

/** As Go's ParseBool; a word that is no boolean counts as true. */
function flag(env: Environment, name: string): boolean {
  return !["", "0", "f", "F", "false", "FALSE", "False"].includes(variable(env, name));
}

function keepAliveFrom(text: string): number {
  return parseKeepAlive(/^-?\d+$/.test(text) ? Number(text) : text);
}

function variable(env: Environment, name: string): string {
  return (env[name] ?? "").trim().replace(/^["']|["']$/g, "");
}

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** One exchange with a real Ollama 0.24.0. */
export interface ApiRecording {
  readonly name: string;
  readonly about: string;
  readonly store: string;
  readonly listen: string;
  readonly env: Readonly<Record<string, string>>;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string | readonly string[]>>;
    readonly body: string;
  };
}

/** One call of the real `ollama`. */
export interface CliRecording {
  readonly name: string;
  readonly server: string;
  readonly env: Readonly<Record<string, string>>;
  readonly argv: readonly string[];
  readonly stdin?: string;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly stderrWithoutTerminalCodes?: string;
}

/** What a real start did to a store. */
export interface StartRecording {
  readonly name: string;
  readonly about: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly storeBefore?: readonly StoreEntry[];
  readonly removed: readonly string[];
  readonly added: readonly string[];
  readonly listedAfterwards: readonly string[] | null;
}

export interface StoreEntry {
  /** Directories end in a slash. */
  readonly path: string;
  readonly size?: number;
  readonly ageHours?: number;
  readonly link?: string;
}

const CONTRACT = path.join(import.meta.dirname, "../../contract");

/** Every recording of a kind, with the file's name without ".json". */
export function recordings<T extends { readonly name: string }>(kind: string): T[] {
  const directory = path.join(CONTRACT, kind);
  return readdirSync(directory)
    .sort()
    .map((file) => ({
      ...JSON.parse(readFileSync(path.join(directory, file), "utf8")),
      name: file.replace(/\.json$/, ""),
    }));
}

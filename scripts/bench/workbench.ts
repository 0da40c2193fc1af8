import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { InstallReport } from "../../src/index.ts";
import type { BenchEngine } from "./bench-engine.ts";
import type { Content } from "./content.ts";
import type { Ran } from "./measure.ts";
import { type ShellResult, runShell } from "./run-shell.ts";

/** Of `npm run build`. */
export const DIST = join(import.meta.dirname, "../../dist/lib");
const BUNDLE = [process.execPath, join(DIST, "main.js")];

/** Where commands and yardsticks run: `out/` is the working directory of them all. */
export class Workbench {
  readonly content: Content;
  readonly out: string;
  readonly #home: string;
  readonly #engine: BenchEngine | undefined;

  constructor(directory: string, content: Content, engine: BenchEngine | undefined) {
    this.content = content;
    this.out = join(directory, "out");
    this.#home = join(directory, "home");
    this.#engine = engine;
  }

  /** Makes `out/` empty. */
  async clear(): Promise<void> {
    await rm(this.out, { recursive: true, force: true });
    await mkdir(this.out);
    await mkdir(this.#home, { recursive: true });
  }

  /** Types `bundle …`, as it is when it is installed: type stripping would cost time, and memory in each thread. */
  bundle(...args: readonly string[]): Promise<ShellResult> {
    return this.shell([...BUNDLE, ...args].join(" "));
  }

  /** Types `bundle install …`, where an engine has a network of its own in that one. */
  async install(args: readonly string[], networkNamespace?: string): Promise<Ran> {
    const inside = networkNamespace === undefined ? [] : ["nsenter", `--net=${networkNamespace}`];
    const typed = [...inside, ...BUNDLE, "install", ...args, "--json"];
    const { peakMemory, stdout } = await this.shell(typed.join(" "));
    const { health }: InstallReport = JSON.parse(stdout);
    const checks = health?.checks ?? [];
    const milliseconds = checks.reduce((sum, check) => sum + check.milliseconds, 0);
    return { peakMemory, healthSeconds: milliseconds / 1000 };
  }

  /** Types anything else. */
  shell(command: string): Promise<ShellResult> {
    const home = this.#home;
    const own = { HOME: home, XDG_CACHE_HOME: home, XDG_STATE_HOME: home, NODE_OPTIONS: "" };
    return runShell(command, { cwd: this.out, env: { ...this.#engine?.env, ...own } });
  }
}

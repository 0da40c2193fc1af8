import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { InstallReport } from "../../src/index.ts";
import { bundleSucceeds } from "../../test/end-to-end/support/bundle-command.ts";
import type { BenchEngine } from "./bench-engine.ts";
import type { Content } from "./content.ts";
import type { Ran } from "./measure.ts";
import { runShell } from "./run-shell.ts";

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

  /** Types `bundle …`. */
  async bundle(...args: readonly string[]): Promise<Ran & { readonly stdout: string }> {
    const { env = {}, host } = this.#engine ?? {};
    const networkNamespace = host?.networkNamespace;
    return bundleSucceeds(args, { home: this.#home, cwd: this.out, env, networkNamespace });
  }

  /** Types `bundle install …`. */
  async install(...args: readonly string[]): Promise<Ran> {
    const { peakMemory, stdout } = await this.bundle("install", ...args, "--json");
    const { health }: InstallReport = JSON.parse(stdout);
    const checks = health?.checks ?? [];
    const milliseconds = checks.reduce((sum, check) => sum + check.milliseconds, 0);
    return { peakMemory, healthSeconds: milliseconds / 1000 };
  }

  /** Types anything else. */
  shell(command: string): Promise<Ran> {
    return runShell(command, { cwd: this.out, env: this.#engine?.env });
  }
}

import { list, ps } from "./cli/list.ts";
import { copy, remove, stop } from "./cli/manage.ts";
import { pull } from "./cli/pull.ts";
import { run } from "./cli/run.ts";
import { serve } from "./cli/serve.ts";
import { show } from "./cli/show.ts";
import type { Terminal } from "./cli/terminal.ts";
import { version } from "./cli/version.ts";

type Command = (terminal: Terminal, args: readonly string[]) => Promise<void>;

const COMMANDS: Readonly<Record<string, Command>> = {
  serve,
  start: serve,
  list,
  ls: list,
  ps,
  pull,
  show,
  run,
  stop,
  cp: copy,
  rm: remove,
  "-v": version,
  "--version": version,
};

/** The stand-in as the program `ollama`. */
const [name = "", ...args] = process.argv.slice(2);
const command = COMMANDS[name];
try {
  if (command === undefined) throw new Error(`unknown command "${name}" for "ollama"`);
  await command(
    {
      env: process.env,
      stdout: (text) => void process.stdout.write(text),
      stderr: (text) => void process.stderr.write(text),
    },
    args,
  );
} catch (error) {
  process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

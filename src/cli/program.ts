import { Command } from "commander";
import { TOOL } from "../core/tool.ts";
import { assertNothingEmpty } from "./commands/assert-nothing-empty.ts";
import { addCopyCommand } from "./commands/copy.ts";
import { addCreateCommand } from "./commands/create.ts";
import { addHealthCommand } from "./commands/health.ts";
import { addInspectCommand } from "./commands/inspect.ts";
import { addInstallCommand } from "./commands/install.ts";
import { addInventoryCommand } from "./commands/inventory.ts";
import { addJoinCommand } from "./commands/join.ts";
import { addRepairCommand } from "./commands/repair.ts";
import { addSplitCommand } from "./commands/split.ts";
import { addStagingCommand } from "./commands/staging.ts";
import { addVerifyCommand } from "./commands/verify.ts";
import type { Run } from "./commands/run.ts";

/**
 * The command line: commands read their options, call a use case through `run`, and give back what is to be printed. Each
 * imports its use case only when it runs, so that `inspect` does not wait for what only `install` needs.
 */
export function createProgram(typedName: string, run: Run): Command {
  const program = new Command(typedName)
    .description(
      "Carries Ollama, its image and its models, to a machine without a network: one file, verified on the other side.",
    )
    .version(TOOL.version, "-V, --version", "print the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "show the help of a command")
    .showSuggestionAfterError()
    .exitOverride()
    .hook("preAction", (_program, command) => assertNothingEmpty(command))
    // Errors are printed in one place, which is not here.
    .configureOutput({ outputError: () => {} })
    .addHelpText("after", () => examples(typedName));
  addCreateCommand(program, run);
  addInspectCommand(program, run);
  addVerifyCommand(program, run);
  addInstallCommand(program, run);
  addHealthCommand(program, run);
  addInventoryCommand(program, run);
  addSplitCommand(program, run);
  addJoinCommand(program, run);
  addRepairCommand(program, run);
  addCopyCommand(program, run);
  addStagingCommand(program, run);
  return program;
}

function examples(typedName: string): string {
  return `
Example:
  connected machine   ${typedName} create --models llama3.2,gemma:2b
  offline machine     ${typedName} verify
                      ${typedName} install bundle.tar.gz

\`bundle\` and \`ollama-bundle\` are the same program: use the longer name where macOS or Ruby has a \`bundle\` of its own.
Exit codes: 0 fine, 1 unexpected, 2 usage or definition, 3 source or network, 4 bundle not acceptable,
5 container engine, 6 health, 7 this host (space, rights, port, name taken), 130 interrupted.`;
}

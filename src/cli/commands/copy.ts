import type { Command } from "commander";
import { describeCopied } from "../describe-copied.ts";
import { loadBesideThreads } from "../load-use-case.ts";
import type { OutputOptions } from "../run-command.ts";
import { jsonOption, logOption } from "./options.ts";
import type { Run } from "./run.ts";

interface Options extends OutputOptions {
  readonly withTool?: boolean;
  readonly startOver?: boolean;
}

export function addCopyCommand(program: Command, run: Run): void {
  program
    .command("copy")
    .summary("copy a bundle to sticks, or from them, and read it back")
    .description(
      "Copies a bundle, or its parts over several media in order, reads every byte back from the medium and compares it. Type the same again after an interruption, or with the next stick: nothing is copied twice.",
    )
    .argument("<bundle>", "the bundle, one of its parts, or a directory that has them")
    .argument("<directory...>", "where to copy it: a directory on each medium")
    .option("--with-tool", "copy this program too, and how to install it without a network")
    .option("--start-over", "copy again what went to sticks that were filled earlier")
    .addOption(jsonOption())
    .addOption(logOption())
    .addHelpText("after", `\nExample:\n  ${program.name()} copy bundle.tar.gz /media/stick`)
    .action((bundle: string, to: readonly string[], { withTool, startOver, ...options }: Options) =>
      run(options, async (work) => {
        const { copyBundle } = await loadBesideThreads(() => import("../../copy-bundle.ts"));
        const report = await copyBundle({ ...work, bundle, to, withTool, startOver });
        return { text: describeCopied(report, program.name()), json: report };
      }),
    );
}

import type { Command } from "commander";
import { describeRewritten } from "../describe-rewritten.ts";
import { loadBesideThreads } from "../load-use-case.ts";
import type { OutputOptions } from "../run-command.ts";
import { jsonOption, logOption } from "./options.ts";
import type { Run } from "./run.ts";

interface Options extends OutputOptions {
  readonly output?: string;
}

export function addJoinCommand(program: Command, run: Run): void {
  program
    .command("join")
    .summary("write a bundle in parts again as one file")
    .description("Checks the parts of a bundle and writes them as one file. The parts stay.")
    .argument("<file...>", "one of the parts, or directories that have them")
    .option("-o, --output <file>", "the file (default: as the bundle, in this directory)")
    .addOption(jsonOption())
    .addOption(logOption())
    .addHelpText(
      "after",
      `\nExample:\n  ${program.name()} join /media/stick1 /media/stick2 -o bundle.tar.gz`,
    )
    .action((bundle: readonly string[], { output, ...options }: Options) =>
      run(options, async (work) => {
        const { rewriteBundle } = await loadBesideThreads(() => import("../../rewrite-bundle.ts"));
        const report = await rewriteBundle({ ...work, bundle, output });
        return { text: describeRewritten(report), json: report };
      }),
    );
}

import { type Command, Option } from "commander";
import { describeRepair, failureOfRepair } from "../describe-repair.ts";
import { loadBesideThreads } from "../load-use-case.ts";
import type { OutputOptions } from "../run-command.ts";
import { jsonOption, logOption, oneMore } from "./options.ts";
import type { Run } from "./run.ts";

interface Options extends OutputOptions {
  readonly from?: readonly string[];
  readonly output?: string;
}

export function addRepairCommand(program: Command, run: Run): void {
  program
    .command("repair")
    .summary("mend a damaged bundle from other copies of it")
    .description(
      "Mends a damaged bundle in its place, and brings back parts that are missing. Only what is damaged is read from the other copies, and checked before it is written. Where something cannot be mended, it is named and nothing is written.",
    )
    .argument("<file...>", "the damaged bundle, one of its parts, or directories that have them")
    .addOption(
      new Option(
        "--from <file>",
        "another copy: the bundle, a part, or a directory; it may be damaged elsewhere or cut into other parts. May be given several times",
      ).argParser(oneMore),
    )
    .option("-o, --output <file>", "write the mended bundle there, as one file, and change nothing")
    .addOption(jsonOption())
    .addOption(logOption())
    .addHelpText(
      "after",
      `\nExample:\n  ${program.name()} repair bundle.tar.gz --from /media/stick/bundle.tar.gz`,
    )
    .action((bundle: readonly string[], { from, output, ...options }: Options) =>
      run(options, async (work) => {
        const { repairBundle } = await loadBesideThreads(() => import("../../repair-bundle.ts"));
        const report = await repairBundle({ ...work, bundle, from, output });
        const outcome = { text: describeRepair(report), json: report };
        const failure = failureOfRepair(report);
        return failure === undefined ? outcome : { ...outcome, failure };
      }),
    );
}

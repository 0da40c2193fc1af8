import type { Command } from "commander";
import { describeRewritten } from "../describe-rewritten.ts";
import { loadBesideThreads } from "../load-use-case.ts";
import type { OutputOptions } from "../run-command.ts";
import { jsonOption, logOption } from "./options.ts";
import type { Run } from "./run.ts";
import { splitSize } from "./split-size.ts";

interface Options extends OutputOptions {
  readonly output?: string;
}

export function addSplitCommand(program: Command, run: Run): void {
  program
    .command("split")
    .summary("write a bundle again in parts")
    .description(
      "Checks a bundle and writes it again in parts, for media that it does not fit. The original stays.",
    )
    .argument("<file>", "the bundle")
    .argument("<size>", "of each part: 4GB, 4GiB, 3900M, or fat32, dvd, dvd-dl, bd25")
    .option(
      "-o, --output <file>",
      "what the parts are called before their number (default: as the bundle, in this directory)",
    )
    .addOption(jsonOption())
    .addOption(logOption())
    .addHelpText(
      "after",
      `\nExample:\n  ${program.name()} split bundle.tar.gz fat32 -o /media/stick/bundle.tar.gz`,
    )
    .action((bundle: string, size: string, { output, ...options }: Options) =>
      run(options, async (work) => {
        const partSize = await splitSize(size, work);
        const { rewriteBundle } = await loadBesideThreads(() => import("../../rewrite-bundle.ts"));
        const report = await rewriteBundle({ ...work, bundle, output, partSize });
        return { text: describeRewritten(report), json: report };
      }),
    );
}

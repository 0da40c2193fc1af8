import type { Command } from "commander";
import { SourceError } from "../../core/errors.ts";
import type { VolumeReport } from "../../staging/verify-volume.ts";
import { describePruned, describeStaging, describeVerifiedStaging } from "../describe-staging.ts";
import { failureOf } from "../failure.ts";
import { loadBesideThreads, loadUseCase } from "../load-use-case.ts";
import type { Outcome, OutputOptions } from "../run-command.ts";
import { jsonOption, logOption } from "./options.ts";
import type { Run } from "./run.ts";

interface Options extends OutputOptions {
  readonly staging?: string;
  readonly all?: boolean;
}

export function addStagingCommand(program: Command, run: Run): void {
  const staging = program
    .command("staging")
    .summary("list, check or clear what create keeps")
    .description(
      "What `create` has fetched is kept in the staging volume, for the next bundle. All of it can be fetched again.",
    )
    .addHelpText("after", `\nExample:\n  ${program.name()} staging list`);

  add(staging, "list", "list models and images, and what they take").action((options: Options) =>
    run(options, async (work) => {
      const { listStaging } = await loadUseCase(() => import("../../manage-staging.ts"));
      const listing = await listStaging({ ...work, staging: options.staging });
      return { text: describeStaging(listing), json: listing };
    }),
  );
  add(staging, "prune", "remove older versions of models and images, and partial downloads")
    .option("--all", "remove everything")
    .action((options: Options) =>
      run(options, async (work) => {
        const { pruneStaging } = await loadUseCase(() => import("../../manage-staging.ts"));
        const pruned = await pruneStaging({ ...work, ...options });
        return { text: describePruned(pruned), json: pruned };
      }),
    );
  add(staging, "verify", "read and hash everything, and name what is damaged").action(
    (options: Options) =>
      run(options, async (work) => {
        const { verifyStaging } = await loadBesideThreads(() => import("../../manage-staging.ts"));
        return verified(await verifyStaging({ ...work, staging: options.staging }));
      }),
  );
}

function add(staging: Command, name: string, summary: string): Command {
  return staging
    .command(name)
    .description(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`)
    .summary(summary)
    .option("--staging <dir>", "the staging volume (default: below XDG_CACHE_HOME or ~/.cache)")
    .addOption(jsonOption())
    .addOption(logOption())
    .addHelpText("after", `\nExample:\n  ${staging.parent?.name()} staging ${name}`);
}

function verified(report: VolumeReport): Outcome {
  const { directory, damaged } = report;
  const outcome = { text: describeVerifiedStaging(report), json: report };
  if (damaged.length === 0) return outcome;
  const files = damaged.length === 1 ? "file is" : "files are";
  const error = new SourceError(
    "WRONG_CONTENT",
    `Cannot trust the staging volume "${directory}": ${damaged.length} ${files} damaged`,
    {
      hint: "The next `create` that needs them fetches them again; check that disk.",
    },
  );
  return { ...outcome, failure: failureOf(error) };
}

import type { Command } from "commander";
import type { ModelsInWish } from "../../install/models-place.ts";
import { describeInstallPlan, describeInstalled } from "../describe-install.ts";
import { loadBesideThreads } from "../load-use-case.ts";
import type { OutputOptions } from "../run-command.ts";
import { healthTimeoutOption, jsonOption, logOption, namesIn, oneMoreList } from "./options.ts";
import type { Run } from "./run.ts";

interface Options extends OutputOptions {
  readonly modelsIn: ModelsInWish;
  readonly store?: string;
  readonly ollamaUrl?: string;
  readonly container?: string;
  readonly publish?: string;
  readonly volume?: string;
  readonly tag?: string;
  readonly network?: string;
  readonly exact?: boolean;
  readonly only?: string;
  readonly keepOnFailure?: boolean;
  readonly healthTimeout: number;
  readonly dryRun?: boolean;
}

export function addInstallCommand(program: Command, run: Run): void {
  program
    .command("install")
    .summary("install a bundle, and prove that it serves")
    .description(
      "Checks a bundle, installs it without any network, and asks every model for an answer. If anything fails everything is undone.",
    )
    .argument("<file...>", "the bundle, its parts, or directories that have them")
    .option(
      "--models-in <place>",
      "where the models go: image, volume, dir:PATH (a directory of this host), or native (the store of an Ollama on this host)",
      "image",
    )
    .option(
      "--store <dir>",
      "with native: the models directory of that Ollama (default: where the running one has it)",
    )
    .option(
      "--ollama-url <url>",
      "with native: where that Ollama answers (default: http://127.0.0.1:11434)",
    )
    .option("--container <name>", "name of the container (default: ollama)")
    .option("-p, --publish <address>", "[IP:]PORT[:11434] on this host (default: 127.0.0.1:11434)")
    .option("--volume <name>", "with volume: its name (default: ollama-models)")
    .option("--tag <image>", "name of the built image (default: ollama-preloaded:<bundle name>)")
    .option("--network <name>", "an existing network, in which others find the server as ollama")
    .option("--exact", "remove the models that the bundle does not name (by default they stay)")
    .option("--only <models>", "install only these models, separated by commas", oneMoreList)
    .option("--keep-on-failure", "leave the stopped container for a look when it is not healthy")
    .addOption(healthTimeoutOption())
    .option("--dry-run", "print the plan and stop")
    .addOption(jsonOption())
    .addOption(logOption())
    .addHelpText(
      "after",
      `\nExample:\n  ${program.name()} install bundle.tar.gz -p 127.0.0.1:11434`,
    )
    .action((bundle: readonly string[], { healthTimeout, json, log, only, ...options }: Options) =>
      run(
        { ...(json && { json }), ...(log !== undefined && { log }) },
        async ({ tell, ...work }) => {
          const { installBundle } = await loadBesideThreads(
            () => import("../../install-bundle.ts"),
          );
          const report = await installBundle({
            ...work,
            ...options,
            bundle,
            only: only === undefined ? undefined : namesIn(only),
            healthTimeoutSeconds: healthTimeout,
            onPlan: (plan) => {
              if (options.dryRun !== true) tell(describeInstallPlan(plan));
            },
          });
          const isPlan = options.dryRun === true;
          return {
            text: isPlan ? describeInstallPlan(report.plan) : describeInstalled(report),
            json: report,
          };
        },
      ),
    );
}

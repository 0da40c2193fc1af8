import type { Command } from "commander";
import type { HealthReport } from "../../health/health-report.ts";
import { DEFAULT_SERVER_URL } from "../../health/server-url.ts";
import { UnhealthyError } from "../../health/unhealthy-error.ts";
import { describeHealth } from "../describe-health.ts";
import { failureOf } from "../failure.ts";
import { loadUseCase } from "../load-use-case.ts";
import type { Outcome } from "../run-command.ts";
import { healthTimeoutOption, jsonOption } from "./options.ts";
import type { Run } from "./run.ts";

interface Options {
  readonly url: string;
  readonly healthTimeout: number;
  readonly json?: boolean;
}

export function addHealthCommand(program: Command, run: Run): void {
  program
    .command("health")
    .summary("prove that an Ollama server serves its models")
    .description(
      "Asks every model that an Ollama server lists for an answer, loading one at a time.",
    )
    .option("--url <url>", "address of the server", DEFAULT_SERVER_URL)
    .addOption(healthTimeoutOption())
    .addOption(jsonOption())
    .addHelpText("after", `\nExample:\n  ${program.name()} health --url http://127.0.0.1:11434`)
    .action((options: Options) =>
      run(options, async (work) => {
        const { checkHealth } = await loadUseCase(() => import("../../check-health.ts"));
        try {
          const { url, healthTimeout: timeoutSeconds } = options;
          return outcomeOf(await checkHealth({ url, timeoutSeconds, ...work }));
        } catch (error) {
          if (!(error instanceof UnhealthyError)) throw error;
          return { ...outcomeOf(error.report), failure: failureOf(error) };
        }
      }),
    );
}

function outcomeOf(report: HealthReport): Outcome {
  return { text: describeHealth(report), json: report };
}

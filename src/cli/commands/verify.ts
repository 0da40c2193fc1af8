import type { Command } from "commander";
import { damagedBundle } from "../../bundle/damaged-bundle-error.ts";
import { describeFinding } from "../../bundle/finding.ts";
import { shortId } from "../../core/short-id.ts";
import type { VerifyReport } from "../../verify-bundle.ts";
import { describeMustHold } from "../describe-must-hold.ts";
import { failureOf } from "../failure.ts";
import { formatExactBytes } from "../format.ts";
import { describeParts, describeSidecarFlaws, unacceptableParts } from "../describe-parts.ts";
import { printableLine } from "../printable.ts";
import { loadBesideThreads } from "../load-use-case.ts";
import type { Outcome, OutputOptions } from "../run-command.ts";
import { jsonOption, logOption } from "./options.ts";
import type { Run } from "./run.ts";

export function addVerifyCommand(program: Command, run: Run): void {
  program
    .command("verify")
    .summary("check every byte of a bundle")
    .description("Reads every byte of a bundle and names everything that is not as it must be.")
    .argument(
      "[file...]",
      "the bundle, its parts, or directories that have them; without any, the one bundle in this directory",
    )
    .addOption(jsonOption())
    .addOption(logOption())
    .addHelpText("after", `\nExample:\n  ${program.name()} verify bundle.tar.gz`)
    .action((bundle: readonly string[], options: OutputOptions) =>
      run(options, async (work) => {
        const { verifyBundle } = await loadBesideThreads(() => import("../../verify-bundle.ts"));
        return outcomeOf(await verifyBundle({ bundle, ...work }));
      }),
    );
}

function outcomeOf(report: VerifyReport): Outcome {
  const { path, findings, bundle, parts, isAcceptable } = report;
  const outcome = { text: describe(report), json: report };
  if (isAcceptable) return outcome;
  const name = bundle && `${bundle.name} (${shortId(bundle.id)})`;
  if (parts !== undefined && parts.some(({ verdict }) => verdict !== "fine"))
    return { ...outcome, failure: failureOf(unacceptableParts(report, name)) };
  const failure = failureOf(damagedBundle(path, findings, { name }));
  // The error says it all, and copying the bundle again may not help.
  if (findings.some(({ why }) => why !== undefined)) return { ...outcome, text: "", failure };
  return {
    ...outcome,
    failure: { ...failure, hint: "Copy the bundle again, and verify it again." },
  };
}

function describe(report: VerifyReport): string {
  const { findings, parts = [], sidecarFlaws = [], isAcceptable } = report;
  const partLines = [...describeParts(parts), ...describeSidecarFlaws(sidecarFlaws)];
  if (isAcceptable) return [...wholeLines(report), ...partLines].join("\n");
  if (parts.some(({ verdict }) => verdict !== "fine")) return partLines.join("\n");
  return findings.map((found) => printableLine(describeFinding(found))).join("\n");
}

function wholeLines(report: VerifyReport): string[] {
  const { path, bundle, mustHold, size = 0, parts, unknownFiles } = report;
  const inParts = parts === undefined ? "" : ` in ${parts.length} parts`;
  const lines = [
    `${path} is whole: ${formatExactBytes(size)}${inParts}, bundle ${bundle?.name} ${shortId(bundle?.id ?? "")}`,
    ...(bundle?.images ?? []).map((image) => `  image  ${image}`),
    ...(bundle?.models ?? []).map((model) => `  model  ${model}`),
    ...(mustHold === undefined ? [] : describeMustHold(mustHold)),
    ...unknownFiles.map((file) => `  unknown to this version and left alone: ${file}`),
  ];
  return lines.map((line) => line.replaceAll("\n", " "));
}

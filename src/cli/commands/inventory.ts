import { basename } from "node:path";
import type { Command } from "commander";
import { formatCount } from "../../core/format-count.ts";
import type { ModelsInWish } from "../../install/models-place.ts";
import type { InventoryReport } from "../../inventory-site.ts";
import { formatBytes } from "../format.ts";
import { hostPlatform } from "../host-platform.ts";
import { printableLine } from "../printable.ts";
import { fileArgument, shellWord } from "../shell-word.ts";
import { loadBesideThreads } from "../load-use-case.ts";
import type { Outcome, OutputOptions } from "../run-command.ts";
import { jsonOption, logOption } from "./options.ts";
import type { Run } from "./run.ts";

interface Options extends OutputOptions {
  readonly modelsIn?: ModelsInWish;
  readonly store?: string;
  readonly volume?: string;
  readonly output?: string;
}

export function addInventoryCommand(program: Command, run: Run): void {
  program
    .command("inventory")
    .summary("write down what this site holds, so that the next bundle need not carry it")
    .description(
      "Hashes the models that this site has, and writes them into a site file, with what decides whether a bundle can be installed: engine, images, free space, memory, GPUs. It names no host, no user and no path. Changes nothing.",
    )
    .option(
      "--models-in <place>",
      "where this site keeps its models: image, volume, dir:PATH or native (default: where the latest installation put them)",
    )
    .option(
      "--store <dir>",
      "with native: the models directory of that Ollama (default: where the running one has it)",
    )
    .option("--volume <name>", "with volume: its name (default: ollama-models)")
    .option("-o, --output <file>", "where to write the site file (default: standard output)")
    .addOption(jsonOption())
    .addOption(logOption())
    .addHelpText(
      "after",
      `\nExample:\n  ${program.name()} inventory --models-in volume -o site.json\nand on the connected machine:\n  ${program.name()} create --models llama3.2 --site site.json`,
    )
    .action(({ json, log, ...options }: Options) =>
      run({ ...(json && { json }), ...(log !== undefined && { log }) }, async (work) => {
        const { inventorySite } = await loadBesideThreads(() => import("../../inventory-site.ts"));
        const report = await inventorySite({ ...options, platform: hostPlatform(), ...work });
        return outcomeOf(report, program.name());
      }),
    );
}

function outcomeOf(report: InventoryReport, typedName: string): Outcome {
  const { text, ...json } = report;
  return {
    text: report.written === undefined ? text.trimEnd() : describe(report, typedName),
    json,
  };
}

function describe({ site, written = "", text }: InventoryReport, typedName: string): string {
  const { modelsIn, models, blobs, images } = site;
  const held = blobs.reduce((sum, { size }) => sum + size, 0);
  return [
    `The site file ${printableLine(written)} is written, ${formatBytes(text.length)}: models in ${modelsIn}`,
    `  ${counted(models.length, "model")} and ${counted(blobs.length, "blob")} of ${formatBytes(held)}, all hashed`,
    ...models.map(({ name }) => `    ${name}`),
    `  ${counted(images.length, "image")} of Ollama`,
    "It names no host, no user and no path: read it, and carry it to the connected machine. There, type:",
    `  ${typedName} create --models NAMES --site ${shellWord(fileArgument(basename(written)))}`,
  ].join("\n");
}

function counted(count: number, what: string): string {
  return `${formatCount(count)} ${what}${count === 1 ? "" : "s"}`;
}

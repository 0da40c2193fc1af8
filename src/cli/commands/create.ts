import type { Command } from "commander";
import type { BundledImage } from "../../bundle/models-json.ts";
import { siteMustHold } from "../../bundle/delta/site-must-hold.ts";
import type { CreateReport } from "../../create-bundle.ts";
import { type CreatedImage, describeCreatePlan, describeCreated } from "../describe-create.ts";
import { loadBesideThreads } from "../load-use-case.ts";
import type { Outcome, OutputOptions } from "../run-command.ts";
import { checkOutputName } from "./check-output-name.ts";
import type { DefinitionOptions } from "./definition-from-options.ts";
import {
  jsonOption,
  limitRateOption,
  logOption,
  oneMore,
  oneMoreList,
  parallelOption,
} from "./options.ts";
import type { Run } from "./run.ts";
import { splitSize } from "./split-size.ts";

interface Options extends DefinitionOptions, OutputOptions {
  readonly force?: boolean;
  readonly fromStore?: string;
  readonly modelRegistry?: string;
  readonly insecureRegistry?: readonly string[];
  readonly ca?: string;
  readonly ollamaKey?: string;
  readonly limitRate?: number;
  readonly parallel?: number;
  readonly pullWith?: string;
  readonly staging?: string;
  readonly split?: string;
  readonly since?: readonly string[];
  readonly site?: string;
  readonly locked?: string;
  readonly dryRun?: boolean;
}

export function addCreateCommand(program: Command, run: Run): void {
  program
    .command("create")
    .summary("pack models and the Ollama image into one file")
    .description(
      "Fetches models and the Ollama image, checks them, and packs them into one file. What was fetched is kept in the staging volume, so a second run goes on where the first one ended.",
    )
    .option(
      "--models <names>",
      "models, separated by commas, or none: llama3.2,gemma:2b,host/ns/model:tag",
      oneMoreList,
    )
    .option(
      "--image <image>",
      "the Ollama image, or none: a reference (through the engine if there is one, else from its registry), docker://REF (from its registry), docker-daemon:REF, docker-archive:FILE[:REF], oci:DIR[:TAG], oci-archive:FILE[:TAG] (default: ollama/ollama:latest)",
    )
    .option(
      "--platform <platform>",
      "platform of the image, such as linux/arm64 (default: this machine's)",
    )
    .option("-o, --output <file>", "where to write the bundle", "bundle.tar.gz")
    .option(
      "--split <size>",
      "write parts of this size: 4GB, 4GiB, 3900M (K, M and G are 1024-based), or fat32, dvd, dvd-dl, bd25",
    )
    .option(
      "--site <file>",
      "leave out what the site holds that this site file is of, as `inventory` wrote it there",
    )
    .option(
      "--since <bundle>",
      "leave out what this bundle, which the site has installed, brought; or its MODELS.json (may be repeated)",
      oneMore,
    )
    .option(
      "--locked <bundle>",
      "refuse to pack what is not the very same as in this earlier bundle; or its MODELS.json",
    )
    .option("--force", "replace the file if it is there")
    .option("--name <name>", "what the bundle is called (default: as its file)")
    .option(
      "-f, --file <definition>",
      "a definition file (YAML), - for standard input; options go before it",
    )
    .option(
      "--from-store <store>",
      "take the models from an Ollama store that exists: a directory, volume:NAME, or container:NAME",
    )
    .option("--model-registry <url>", "a mirror to ask instead of registry.ollama.ai")
    .option(
      "--insecure-registry <host>",
      "ask this host over plain HTTP (may be repeated)",
      oneMore,
    )
    .option(
      "--ca <file>",
      "trust the authorities in this PEM file too, for registries and mirrors; the engine has its own",
    )
    .option(
      "--ollama-key <file>",
      "show this key to registries of models that want a login, as Ollama does: ~/.ollama/id_ed25519",
    )
    .addOption(limitRateOption())
    .addOption(parallelOption())
    .option(
      "--staging <dir>",
      "the staging volume (default: below XDG_CACHE_HOME or ~/.cache), or volume:NAME with --pull-with",
    )
    .option(
      "--pull-with <program>",
      "ollama: the image's Ollama pulls the models, in a container, into the Docker volume of --staging volume:NAME, which is made where it is not there and kept",
    )
    .option("--dry-run", "print the plan and stop")
    .addOption(jsonOption())
    .addOption(logOption())
    .addHelpText(
      "after",
      `\nExample:\n  ${program.name()} create --models llama3.2,gemma:2b -o site-a.tar.gz`,
    )
    .action((options: Options) =>
      run(options, async ({ tell, ...work }) => {
        const {
          ca,
          dryRun,
          force,
          fromStore,
          insecureRegistry,
          limitRate,
          locked,
          modelRegistry,
          ollamaKey,
          parallel,
          pullWith,
          output,
          since,
          site,
          split,
          staging,
        } = options;
        checkOutputName(output);
        const { createBundle } = await loadBesideThreads(() => import("../../create-bundle.ts"));
        const { definitionFromOptions } = await import("./definition-from-options.ts");
        const partSize = split === undefined ? undefined : await splitSize(split, work);
        const report = await createBundle(await definitionFromOptions(options), {
          ...work,
          ca,
          dryRun,
          force,
          fromStore,
          limitRate,
          locked,
          modelRegistry,
          ollamaKey,
          output,
          parallel,
          partSize,
          pullWith,
          since,
          site,
          staging,
          insecureRegistries: insecureRegistry,
          onPlan: (plan) => {
            if (dryRun !== true) tell(describeCreatePlan(plan));
          },
        });
        return outcomeOf(report, program.name());
      }),
    );
}

function outcomeOf({ plan, bundle, modelsIn, warnings }: CreateReport, typedName: string): Outcome {
  if (bundle === undefined) return { text: describeCreatePlan(plan), json: { plan, warnings } };
  const { manifest, ...written } = bundle;
  const { name, images, models } = manifest;
  const mustHold = siteMustHold(manifest);
  const resolved = {
    ...(mustHold && { mustHold }),
    images: images.map(resolvedImage),
    models: models.map((model) => ({ name: model.name, digest: `sha256:${model.digest}` })),
  };
  return {
    text: describeCreated({ name, ...resolved, ...written, modelsIn }, typedName),
    json: { plan, bundle: { name, ...resolved, ...written }, warnings },
  };
}

function resolvedImage({
  reference,
  sourceDigest,
  configDigest,
  ollamaVersion,
}: BundledImage): CreatedImage {
  return { reference, digest: sourceDigest ?? configDigest, ollamaVersion };
}

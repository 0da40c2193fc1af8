import type { Command } from "commander";
import { formatCount } from "../../core/format-count.ts";
import { shortId } from "../../core/short-id.ts";
import type { Inspection } from "../../inspect-bundle.ts";
import { describeMustHold } from "../describe-must-hold.ts";
import { formatBytes, formatExactBytes } from "../format.ts";
import { printableLine, shortened } from "../printable.ts";
import { loadUseCase } from "../load-use-case.ts";
import type { OutputOptions } from "../run-command.ts";
import { table } from "../table.ts";
import { jsonOption } from "./options.ts";
import type { Run } from "./run.ts";

interface Options extends OutputOptions {
  readonly licenses?: boolean;
}

export function addInspectCommand(program: Command, run: Run): void {
  program
    .command("inspect")
    .summary("list what is in a bundle")
    .description(
      "Lists what is in a bundle, from its end and without reading (or checking) the rest.",
    )
    .argument("<file...>", "the bundle, its parts, or directories that have them")
    .option("--licenses", "also print the models' licences in full")
    .addOption(jsonOption())
    .addHelpText("after", `\nExample:\n  ${program.name()} inspect bundle.tar.gz`)
    .action((bundle: readonly string[], options: Options) =>
      run(options, async (work) => {
        const { inspectBundle } = await loadUseCase(() => import("../../inspect-bundle.ts"));
        const inspection = await inspectBundle({ bundle, licenses: options.licenses, ...work });
        return { text: describe(inspection), json: inspection };
      }),
    );
}

function describe(inspection: Inspection): string {
  const sections = [
    head(inspection),
    imageTable(inspection),
    modelTable(inspection),
    ...[inspection.mustHold ?? []].flat().map((must) => describeMustHold(must).join("\n")),
    fileTable(inspection),
    ...inspection.models.flatMap(licenseTexts),
  ];
  return sections.filter((section) => section !== "").join("\n\n");
}

function head({ name, id, path, size, platform, tool }: Inspection): string {
  return [
    `bundle ${name} ${shortId(id)}, ${platform}`,
    `${printableLine(path)}, ${formatExactBytes(size)}, written by ${printableLine(`${tool.name} ${tool.version}`)}`,
  ].join("\n");
}

function imageTable({ images }: Inspection): string {
  if (images.length === 0) return "";
  return table(images, [
    { title: "IMAGE", cell: ({ reference }) => reference },
    { title: "ROLE", cell: ({ role }) => role },
    { title: "OLLAMA", cell: ({ ollamaVersion }) => ollamaVersion ?? "unknown" },
    { title: "CONFIG", cell: ({ configDigest }) => shortId(configDigest.replace("sha256:", "")) },
  ]);
}

function modelTable({ models }: Inspection): string {
  if (models.length === 0) return "";
  return table(models, [
    { title: "MODEL", cell: ({ name }) => name },
    { title: "DIGEST", cell: ({ digest }) => shortId(digest) },
    { title: "SIZE", cell: ({ size }) => formatBytes(size), align: "right" },
    { title: "PARAMETERS", cell: ({ parameterSize }) => parameterSize ?? "" },
    { title: "QUANTISATION", cell: ({ quantization }) => quantization ?? "" },
    {
      title: "CONTEXT",
      cell: ({ contextLength }) => (contextLength === undefined ? "" : formatCount(contextLength)),
      align: "right",
    },
    {
      title: "LICENCE",
      cell: ({ licenses }) => licenses.map((line) => shortened(line, 60)).join("; "),
    },
  ]);
}

function fileTable({ files }: Inspection): string {
  return table(files, [
    { title: "FILE", cell: ({ path }) => path },
    { title: "BYTES", cell: ({ size }) => formatCount(size), align: "right" },
  ]);
}

function licenseTexts({ name, licenseTexts: texts = [] }: Inspection["models"][number]): string[] {
  return texts.map((text) => `Licence of ${printableLine(name)}:\n\n${text.trimEnd()}`);
}

import { basename } from "node:path";
import { formatCount } from "../core/format-count.ts";
import type { SiteFile } from "../bundle/delta/site-file.ts";
import type { SiteMustHold } from "../bundle/delta/site-must-hold.ts";
import type { WrittenBundle } from "../bundle/write-bundle.ts";
import { shortId } from "../core/short-id.ts";
import type { CreatePlan, PlannedItem } from "../source/create-plan.ts";
import { describeLeftOut } from "./describe-must-hold.ts";
import { formatBytes, formatExactBytes } from "./format.ts";
import { printableLine } from "./printable.ts";
import { fileArgument, shellWord } from "./shell-word.ts";
import { table } from "./table.ts";
import { writtenFiles } from "./written-files.ts";

/** The plan, its platform first. */
export function describeCreatePlan(plan: CreatePlan): string {
  const { platform, name, output, items, bundleAtMost, leftOut, space, site } = plan;
  const lines = [
    `Plan: bundle "${name}" for ${platform}`,
    ...itemTable(items).split("\n"),
    ...items.flatMap(({ name, from }) =>
      from === undefined ? [] : [printableLine(`${name} comes from ${from}`)],
    ),
    `${printableLine(output)}: ${bundleAtMost === undefined ? "size not known before everything is staged" : `at most ${formatBytes(bundleAtMost)}`}`,
    ...(leftOut === undefined ? [] : [leftOutLine(leftOut)]),
    ...space.map(({ what, path, needed, free }) => {
      const place = printableLine(path);
      return `${what} needs ${formatBytes(needed)} at ${place}, and ${formatBytes(free)} are free`;
    }),
    ...siteNeeds(site),
  ];
  return lines.join("\n");
}

function siteNeeds({ disk, memory = 0 }: CreatePlan["site"]): string[] {
  const needs = [
    ...(disk === undefined ? [] : [`${formatBytes(disk)} of disk`]),
    ...(memory === 0 ? [] : [`${formatBytes(memory)} of memory`]),
  ];
  return needs.length === 0 ? [] : [`The offline machine will need about ${needs.join(" and ")}.`];
}

function leftOutLine({ image, blobs, bytes }: NonNullable<CreatePlan["leftOut"]>): string {
  if (!image && blobs === 0) return "Left out: nothing, the site has none of it";
  const what = [...(image ? ["the image"] : []), `${formatCount(blobs)} blobs`].join(" and ");
  return `Left out, since the site has them: ${what}, which saves ${formatBytes(bytes)}`;
}

/** What an image's name was resolved to when it was packed. */
export interface CreatedImage {
  readonly reference: string;
  /** At its source; where that gave none, of its config. */
  readonly digest: string;
  readonly ollamaVersion?: string | undefined;
}

interface CreatedBundle extends Omit<WrittenBundle, "manifest"> {
  readonly name: string;
  readonly images: readonly CreatedImage[];
  readonly models: readonly { readonly name: string; readonly digest: string }[];
  readonly mustHold?: SiteMustHold;
  /** Where the site keeps its models, where that is known. */
  readonly modelsIn?: SiteFile["modelsIn"] | undefined;
}

/** What was written and which versions are in it, what to carry, and what to type on the other side. */
export function describeCreated(bundle: CreatedBundle, typedName: string): string {
  const { path, size, sha256, id, name, images, models, mustHold } = bundle;
  const file = shellWord(fileArgument(basename(path)));
  const install = installCommand(bundle);
  return [
    `Bundle ${name} ${shortId(id)} is written: ${formatExactBytes(size)}, sha256 ${sha256}`,
    ...images.map(({ reference, digest, ollamaVersion }) => {
      const version = ollamaVersion === undefined ? "version unknown" : ollamaVersion;
      return `  ${reference} is ${digest} (Ollama ${version})`;
    }),
    ...models.map((model) => `  ${model.name} is ${model.digest}`),
    ...(mustHold === undefined ? [] : [`${describeLeftOut(mustHold)}.`]),
    "",
    "Carry these, and ollama-bundle itself, to the offline machine:",
    ...writtenFiles(bundle).map((each) => `  ${printableLine(each)}`),
    "There, type:",
    `  ${typedName} verify ${file}`,
    `  ${typedName} ${install} ${file}`,
    "Where ollama-bundle cannot be had, README.txt in the bundle tells the way with stock tools.",
  ].join("\n");
}

const INSTALL_OPTION = {
  image: "",
  volume: " --models-in volume",
  dir: " --models-in dir:PATH",
  native: " --models-in native --store DIR",
} as const;

/** As the site has it; else where the bundle can go: a delta, where models are kept apart from the image. */
function installCommand({ images, mustHold, modelsIn }: CreatedBundle): string {
  const where = images.length === 0 ? "native" : (modelsIn ?? (mustHold ? "volume" : "image"));
  return `install${INSTALL_OPTION[where]}`;
}

function itemTable(items: readonly PlannedItem[]): string {
  return table(items, [
    { title: "ITEM", cell: ({ kind }) => kind },
    { title: "NAME", cell: ({ name }) => name },
    { title: "DIGEST", cell: ({ digest = "" }) => shortId(digest.replace("sha256:", "")) },
    { title: "BYTES", cell: sizeOf, align: "right" },
    { title: "TO FETCH", cell: toFetch, align: "right" },
  ]);
}

function sizeOf({ size, isExact }: PlannedItem): string {
  if (size === undefined) return "not known yet";
  return isExact ? formatCount(size) : `≈ ${formatCount(size)}`;
}

function toFetch({ toFetch: bytes }: PlannedItem): string {
  return bytes === undefined ? "not known yet" : formatBytes(bytes);
}

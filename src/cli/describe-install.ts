import { formatCount } from "../core/format-count.ts";
import { shortId } from "../core/short-id.ts";
import type { InstallReport } from "../install-bundle.ts";
import type { InstallPlan, SpaceNeed } from "../install/install-plan.ts";
import { describeHealth } from "./describe-health.ts";
import { formatBytes } from "./format.ts";
import { printableLine } from "./printable.ts";
import { table } from "./table.ts";

/** What is going to be done, its platform first. */
export function describeInstallPlan(plan: InstallPlan): string {
  const { bundle, platform, engine, models, space } = plan;
  const lines = [
    `Plan: bundle ${bundle.name} ${shortId(bundle.id)} for ${platform}, models in ${plan.modelsIn}`,
    ...(engine === undefined
      ? []
      : [
          `engine     ${printableLine(`${engine.product} ${engine.version} at ${engine.address}`)}`,
        ]),
    ...describeNames(plan),
    ...describeLayers(plan),
    ...(models.length + (plan.others ?? []).length === 0 ? [] : modelTable(plan).split("\n")),
    ...space.map(describeSpace),
  ];
  return lines.join("\n");
}

/** What was done, and what proves that it serves. */
export function describeInstalled({ plan, health, receipt = "" }: InstallReport): string {
  return [
    ...(health === undefined ? [] : [describeHealth(health), ""]),
    `Installed: bundle ${plan.bundle.name} ${shortId(plan.bundle.id)}, serving at ${health?.url ?? "?"}`,
    ...describeNames(plan).map((line) => `  ${line}`),
    `  receipt    ${printableLine(receipt)}`,
  ].join("\n");
}

function describeNames({ names, replaces }: InstallPlan): string[] {
  const { tag, container, publish, network, volume, directory, store } = names;
  const rows = Object.entries({
    image: tag,
    container:
      container !== undefined && replaces !== undefined
        ? `${container}, replacing that of an earlier installation`
        : container,
    publish,
    network,
    volume,
    directory,
    store,
  });
  return rows.flatMap(([what, name]) =>
    name === undefined ? [] : [`${what.padEnd(10)} ${printableLine(name)}`],
  );
}

function describeLayers({ layers = { size: 0, there: 0 } }: InstallPlan): string[] {
  if (layers.there === 0) return [];
  const { size, there } = layers;
  return [`layers     ${formatBytes(there)} of ${formatBytes(size)} are on the engine already`];
}

function modelTable({ models, others = [] }: InstallPlan): string {
  return table(
    [...models, ...others],
    [
      { title: "MODEL", cell: ({ name }) => name },
      { title: "DIGEST", cell: ({ digest }) => shortId(digest) },
      {
        title: "BYTES",
        cell: (model) => ("size" in model ? formatCount(model.size) : ""),
        align: "right",
      },
      { title: "PLAN", cell: ({ change }) => change },
    ],
  );
}

function describeSpace({ what, path, needed, free, whyUnknown }: SpaceNeed): string {
  const has =
    free === undefined ? `free space unknown: ${whyUnknown}` : `${formatBytes(free)} are free`;
  return printableLine(`${what} needs ${formatBytes(needed)} at ${path}, ${has}`);
}

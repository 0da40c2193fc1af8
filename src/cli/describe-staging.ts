import { formatCount } from "../core/format-count.ts";
import { shortId } from "../core/short-id.ts";
import type { ListedItem, VolumeListing } from "../staging/list-volume.ts";
import type { Pruned } from "../staging/prune-volume.ts";
import type { VolumeReport } from "../staging/verify-volume.ts";
import { formatBytes, formatExactBytes } from "./format.ts";
import { printableLine } from "./printable.ts";
import { table } from "./table.ts";

export function describeStaging({
  directory,
  items,
  superseded,
  partial,
  size,
}: VolumeListing): string {
  return [
    ...(items.length === 0 ? [] : itemTable(items).split("\n")),
    ...other(superseded, "of older versions"),
    ...other(partial, "that came in part"),
    `${printableLine(directory)} takes ${formatExactBytes(size)}.`,
  ].join("\n");
}

export function describePruned({ directory, files, size }: Pruned): string {
  return printableLine(
    `Removed ${filesOf(files)} from ${directory}: ${formatExactBytes(size)} are free again.`,
  );
}

export function describeVerifiedStaging({ directory, files, size, damaged }: VolumeReport): string {
  if (damaged.length === 0)
    return printableLine(`${directory} is whole: ${filesOf(files)}, ${formatExactBytes(size)}.`);
  return damaged
    .map(({ path, found, of }) => {
      const whose = of.length === 0 ? "" : `, of ${of.join(", ")}`;
      return printableLine(`"${path}"${whose}: its content is ${found}`);
    })
    .join("\n");
}

function itemTable(items: readonly ListedItem[]): string {
  return table(items, [
    { title: "ITEM", cell: ({ kind }) => kind },
    { title: "NAME", cell: ({ name }) => name },
    { title: "PLATFORM", cell: ({ platform }) => platform ?? "" },
    { title: "DIGEST", cell: ({ digest }) => shortId(digest.replace("sha256:", "")) },
    { title: "SIZE", cell: ({ size }) => formatBytes(size), align: "right" },
    { title: "STAGED", cell: ({ stagedAt }) => stagedAt.toISOString().slice(0, 10) },
  ]);
}

function other(found: { readonly files: number; readonly size: number }, what: string): string[] {
  return found.files === 0 ? [] : [`${filesOf(found.files)} ${what}: ${formatBytes(found.size)}`];
}

function filesOf(count: number): string {
  return `${formatCount(count)} ${count === 1 ? "file" : "files"}`;
}

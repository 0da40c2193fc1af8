import { formatCount } from "../core/format-count.ts";
import type { SiteMustHold } from "../bundle/delta/site-must-hold.ts";
import { shortId } from "../core/short-id.ts";
import { formatExactBytes } from "./format.ts";
import { printableLine } from "./printable.ts";

/** One line for a delta: how much it leaves out, and what it relies on. */
export function describeLeftOut({ base, images, blobs, bytes }: SiteMustHold): string {
  const what = [
    ...(images.length > 0 ? ["the image"] : []),
    ...(blobs.length > 0
      ? [`${formatCount(blobs.length)} ${blobs.length === 1 ? "blob" : "blobs"}`]
      : []),
  ].join(" and ");
  const from = [
    ...base.bundles.map(({ name, id }) => `bundle ${name} ${shortId(id)}`),
    ...(base.site === undefined ? [] : [`site file ${shortId(base.site)}`]),
  ].join(", ");
  return printableLine(
    `It is a delta: ${what} of ${formatExactBytes(bytes)} left out, going by ${from}`,
  );
}

/** The list of what the site must hold, an item a line. */
export function describeMustHold(must: SiteMustHold): string[] {
  return [
    `${describeLeftOut(must)}. The site must hold:`,
    ...must.images.map(
      ({ reference, configDigest }) =>
        `  image  ${printableLine(`${reference} (config ${configDigest})`)}`,
    ),
    ...must.blobs.map(({ sha256, size, models }) => {
      const of = printableLine(models.join(", "));
      return `  blob   sha256:${sha256}, ${formatExactBytes(size)}, of ${of}`;
    }),
  ];
}

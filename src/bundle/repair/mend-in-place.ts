import { basename } from "node:path";
import { ABSENT, type Extent } from "../../core/chunks/chunk.ts";
import { shortId } from "../../core/short-id.ts";
import { BundleError } from "../../core/errors.ts";
import type { WorkOptions } from "../../core/progress.ts";
import { assertOutputSpace } from "../output/assert-output-space.ts";
import { BundleFile } from "../bundle-file.ts";
import { BundleReader } from "../bundle-reader.ts";
import { type FileToMend, filesToMend } from "./files-to-mend.ts";
import { type Finding, segmentsWith } from "../finding.ts";
import { gatherSegments } from "./gather-segments.ts";
import { judgeParts } from "../parts/judge-parts.ts";
import type { Layout, Segment } from "../layout.ts";
import { lockOutput } from "../output/lock-output.ts";
import { MendedFiles } from "./mended-files.ts";
import type { Mended, Repair } from "./mended.ts";
import { unmended } from "./unmended.ts";

/**
 * Makes the files of a damaged bundle what they must be, and brings back parts that are missing; or changes nothing. Throws
 * {@link BundleError} for a file that seems to be something else than this bundle.
 */
export async function mendInPlace(repair: Repair, options: WorkOptions): Promise<Mended> {
  const { damaged, others, layout, manifest, pool } = repair;
  const { path } = damaged.place;
  const files = await filesToMend(damaged.place, layout.size);
  await using _lock = await lockOutput(path);
  await using file = new BundleFile(path, files.map(extentOf));
  options.onProgress?.({ kind: "step", text: `Checking every byte of ${path}` });
  const findings = await BundleReader.of({ file, manifest, layout }, pool).check(options);
  const wrong = segmentsWith(findings, layout.segments);
  if (wrong.length > 0) await assertIsOurs(repair, { findings, wrong }, options);
  await assertOutputSpace(path, bytesOf(wrong));
  await using mended = await MendedFiles.open(path, files);
  options.onProgress?.({ kind: "step", text: `Mending ${path}` });
  const copies = { layout, files: others.map((each) => each.file), damaged: file, pool };
  const missing: Segment[] = [];
  for await (const gathered of gatherSegments(copies, wrong, options)) {
    using held = gathered;
    if (held.bytes === undefined) missing.push(held.segment);
    else if (missing.length === 0) await mended.add(held.segment, held.bytes);
  }
  if (missing.length === 0) {
    await mended.finish(pool);
    const surplus = files.flatMap(surplusOf);
    return { mended: [...findings, ...surplus], unmended: [], written: mended.written };
  }
  await mended.undo();
  return await unmended(repair, missing, options);
}

/** What a file lacks of its length cannot be read, and is missing. */
function extentOf({ path, start, end, size }: FileToMend): Extent {
  return { path: size === 0 ? ABSENT : path, offset: 0, length: end - start };
}

function surplusOf({ finalPath, start, end, size }: FileToMend): Finding[] {
  const length = end - start;
  if (size <= length) return [];
  const what = `what follows the end of "${basename(finalPath)}"`;
  return [{ start: length, end: size, what, how: "surplus" }];
}

/** What is not ours is not written over, whatever it is called. */
async function assertIsOurs(
  { damaged, isKnown, layout, manifest, pool }: Repair,
  {
    findings,
    wrong,
  }: { readonly findings: readonly Finding[]; readonly wrong: readonly Segment[] },
  options: WorkOptions,
): Promise<void> {
  const { place } = damaged;
  const called = `bundle ${manifest.name} (${shortId(layout.id)})`;
  if (place.kind === "file") {
    if (!isKnown && isMostlyWrong(damaged.file.size, wrong, layout))
      throw foreign(place.path, `most of it is not of ${called}`);
    return;
  }
  const { parts } = await judgeParts(place, { findings, layout }, { ...options, pool });
  const other = parts.find(({ verdict }) => verdict === "other");
  if (other !== undefined) throw foreign(place.path, `"${other.path}" is not a part of ${called}`);
}

/** Of what is there, counted in headers and chunks. */
function isMostlyWrong(size: number, wrong: readonly Segment[], { segments }: Layout): boolean {
  const isThere = ({ offset, length }: Segment): boolean => offset + length <= size;
  return wrong.filter(isThere).length * 2 >= segments.filter(isThere).length;
}

function foreign(path: string, why: string): BundleError {
  return new BundleError("UNSUITABLE", `Cannot mend "${path}" in its place: ${why}`, {
    hint: "Move it away and run this again, or write the mended bundle elsewhere with --output.",
  });
}

function bytesOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { length }) => sum + length, 0);
}

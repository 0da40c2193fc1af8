import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type CopyItem, cargoOf } from "./bundle/copy/cargo.ts";
import { CopiedEarlier, type EarlierCopy } from "./bundle/copy/copied-earlier.ts";
import { type CopyWork, copyItem } from "./bundle/copy/copy-item.ts";
import { assertWritableMedium, surveyMedia } from "./bundle/copy/medium.ts";
import { packTool } from "./bundle/copy/packed-tool.ts";
import { type PlannedMedium, planCopy } from "./bundle/copy/plan-copy.ts";
import { findBundle } from "./bundle/find-bundle.ts";
import { PARTIAL_SUFFIX } from "./bundle/output/output-file.ts";
import { describeFlaw } from "./bundle/parts/sidecar-flaw.ts";
import { ChunkPool } from "./core/chunks/pool.ts";
import type { WorkOptions } from "./core/progress.ts";
import { stateDirectory } from "./install/state-directory.ts";

export interface CopyOptions extends WorkOptions {
  /** The bundle: a file, a part, a sidecar, a directory, or several of them. */
  readonly bundle: string | readonly string[];
  /** Directories on the media, in the order in which they are filled. */
  readonly to: readonly string[];
  /** Copy this program too, to every medium, with what it takes to install it there. */
  readonly withTool?: boolean | undefined;
  /** Forget which parts are on media that were filled earlier. */
  readonly startOver?: boolean | undefined;
  readonly env?: Readonly<NodeJS.ProcessEnv> | undefined;
}

export interface CopyReport {
  /** What the bundle is called, or its parts before their numbers. */
  readonly name: string;
  readonly media: readonly FilledMedium[];
  /** Parts on media that were filled earlier. */
  readonly earlier: readonly EarlierCopy[];
  /** Names of the parts that are still to be copied: no medium has room for them. */
  readonly left: readonly string[];
  /** Names of the parts that are neither here nor on the media. */
  readonly absent: readonly string[];
}

export interface FilledMedium {
  readonly directory: string;
  /** Names of the files that were copied now. */
  readonly copied: readonly string[];
  /** Names of those that it had already, and that were found whole. */
  readonly found: readonly string[];
  /** Bytes that were written. */
  readonly written: number;
  /** Whether all that was copied was read back from the medium itself. */
  readonly isDirect: boolean;
}

/**
 * Copies a bundle, or those of its parts that are there, to one or several media, reads every byte back, and says what is left
 * for the next. What is there already is compared and not copied again. Throws {@link HostError} for media that cannot take
 * it, before anything is written there, and for one that fails; {@link BundleError} for a bundle that is not what its sums say.
 */
export async function copyBundle(options: CopyOptions): Promise<CopyReport> {
  const { bundle, to, withTool, startOver, onProgress, signal, env = process.env } = options;
  const { sidecars, flaws, ...cargo } = await cargoOf(await findBundle(bundle));
  for (const flaw of flaws) onProgress?.({ kind: "warning", text: describeFlaw(flaw) });
  const unlisted = cargo.items.find(({ sha256 }) => sha256 === undefined);
  if (unlisted !== undefined) onProgress?.({ kind: "warning", text: notChecked(unlisted) });
  const media = await surveyMedia(to, cargo);
  const record = await CopiedEarlier.read(stateDirectory(env), cargo.setId);
  if (startOver === true) await record.forget();
  await using owned = new AsyncDisposableStack();
  const pool = owned.use(new ChunkPool());
  const work = { onProgress, signal, pool };
  const earlier = new Set(record.parts.map(({ name }) => name));
  onProgress?.({ kind: "step", text: `Looking at what is in ${to.join(", ")}` });
  const tool = withTool === true ? owned.use(await packTool(work)).items : [];
  const companions = [...sidecars, ...tool];
  const plan = await planCopy({ ...cargo, companions }, media, { ...work, earlier });
  for (const planned of plan.media) await prepare(planned, work);
  const filled: FilledMedium[] = [];
  for (const planned of plan.media) filled.push(await fill(planned, work));
  const { left, absent } = plan;
  const report = { name: cargo.name, media: filled, earlier: record.parts, left, absent };
  await (left.length > 0 ? record.remember(partsOn(filled, cargo.items)) : record.forget());
  return report;
}

function notChecked({ called }: CopyItem): string {
  return `Nothing beside ${called} says what it must be: it is copied as it is; run \`bundle verify\` on the copy`;
}

/** Nothing is written to any medium before all of them can be written to. */
async function prepare({ medium, items }: PlannedMedium, work: CopyWork): Promise<void> {
  const [first] = items;
  if (first === undefined) return;
  await assertWritableMedium(medium);
  if ((await stat(first.path)).dev !== medium.device) return;
  const text = `"${medium.directory}" is on the same file system as the bundle: if it should be a stick, see that it is mounted`;
  work.onProgress?.({ kind: "warning", text });
}

async function fill(
  { medium, items, found }: PlannedMedium,
  work: CopyWork,
): Promise<FilledMedium> {
  const { directory } = medium;
  if (items.length > 0) work.onProgress?.({ kind: "step", text: `Copying to ${directory}` });
  await removeOtherPartials({ medium, items });
  const copies = [];
  for (const item of items) copies.push(await copyItem(item, medium, work));
  const isDirect = copies.every((copy) => copy.isDirect);
  if (!isDirect) {
    const text = `What is in "${directory}" could not be read back from the medium itself: take it out, put it in again, and run \`bundle verify\` on it`;
    work.onProgress?.({ kind: "warning", text });
  }
  const written = copies.reduce((sum, copy) => sum + copy.written, 0);
  return { directory, copied: items.map(({ name }) => name), found: [...found], written, isDirect };
}

/** What an interrupted copy left of items that are not copied to this medium any more. */
async function removeOtherPartials({
  medium: { directory, partials },
  items,
}: Pick<PlannedMedium, "medium" | "items">): Promise<void> {
  const kept = new Set(items.map(({ name }) => `${name}${PARTIAL_SUFFIX}`));
  for (const name of partials)
    if (!kept.has(name)) await rm(join(directory, name), { force: true });
}

function partsOn(media: readonly FilledMedium[], parts: readonly CopyItem[]): EarlierCopy[] {
  const at = new Date().toISOString();
  return media.flatMap(({ directory, copied, found }) =>
    parts
      .filter(({ name }) => copied.includes(name) || found.includes(name))
      .map(({ name }) => ({ name, to: directory, at })),
  );
}

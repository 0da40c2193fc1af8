import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { BundleError } from "../../core/errors.ts";
import { undefinedWhereMissing } from "../../core/files.ts";
import { listedParts } from "./listed-parts.ts";
import { numberedParts } from "./numbered-parts.ts";
import { type FoundFile, type PartSet, isWhole } from "./part-set.ts";
import { layoutOfParts, placeParts } from "./place-parts.ts";
import type { SidecarFlaw } from "./sidecar-flaw.ts";
import { readPartSums, readSidecars } from "./read-sidecars.ts";

/**
 * Finds the parts of the bundle that is called `name`. A part is known by its content, whatever it is called: by samples that a
 * sidecar lists, or by what the bundle's own list says of it where the end of the bundle is there; else by its number. A list
 * that is damaged, or of another bundle than the parts, is left aside. Throws {@link BundleError} where there is nothing else.
 */
export async function findPartSet(name: string, directories: readonly string[]): Promise<PartSet> {
  const path = join(directories[0] ?? "", name);
  const files = (await Promise.all(directories.map(filesIn))).flat();
  const { list, flaws: damaged } = await readSidecars(name, directories);
  const flaws = [...damaged];
  const placed = async (): Promise<PartSet> => {
    const sums = await readPartSums(name, directories);
    return placeParts({ path, parts: numberedParts(name, files, sums), flaws }, files);
  };
  if (list !== undefined) {
    const parts = await listedParts(list.json, name, files);
    const set = { path, parts, sidecar: list.json, flaws };
    if (!(await isOfAnother(set, placed))) return set;
    flaws.push({ path: list.path, why: "it is of another bundle than the parts" });
  }
  const set = await placed();
  const [flaw] = flaws;
  if (set.parts.length === 0 && flaw !== undefined) throw unusable(flaw);
  return set;
}

/** Whether the list is what is wrong: by the last part where the list knows it, or where not one part is in it and all make a bundle. */
async function isOfAnother(set: PartSet, placed: () => Promise<PartSet>): Promise<boolean> {
  const found = set.parts.filter(({ file }) => file !== undefined);
  if (found.length === 0) return false;
  if (found.every(({ isOther }) => isOther === true)) {
    const alone = await placed();
    return isWhole(alone) && (await layoutOfParts(alone)) !== undefined;
  }
  if (set.parts.at(-1)?.isOther === true) return false;
  const id = (await layoutOfParts(set))?.id;
  return id !== undefined && id !== set.sidecar?.bundle;
}

/** What may be parts: every file but sidecars. */
export async function filesIn(directory: string): Promise<FoundFile[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries
    .map((entry) => entry.name)
    .filter((name) => !/\.(?:json|sha256)$/.test(name));
  const found: FoundFile[] = [];
  for (const name of names.toSorted()) {
    const path = join(directory, name);
    const stats = await stat(path).catch(undefinedWhereMissing);
    if (stats?.isFile() === true) found.push({ path, size: stats.size });
  }
  return found;
}

function unusable({ path, why }: SidecarFlaw): BundleError {
  return new BundleError("DAMAGED", `Cannot use "${path}": ${why}`, {
    hint: "Copy it again, or remove it: parts that are all there are checked without it too.",
  });
}

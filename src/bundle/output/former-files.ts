import { readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { syncDirectory } from "../../core/files.ts";
import { PARTIAL_SUFFIX } from "./output-file.ts";
import { PARTS_JSON_SUFFIX, PART_SUFFIX } from "../parts/part-names.ts";

export const SUMS_SUFFIX = ".sha256";

/** The bundle called `path` and its parts, as far as they are there. */
export async function bundleFiles(path: string): Promise<string[]> {
  const names = await readdir(dirname(path));
  return names
    .filter((name) => name.replace(PART_SUFFIX, "") === basename(path))
    .map((name) => join(dirname(path), name));
}

/** What a killed process left of a bundle called `path`, or of its parts. */
export async function removePartials(path: string): Promise<void> {
  for (const name of await readdir(dirname(path))) {
    if (!name.endsWith(PARTIAL_SUFFIX)) continue;
    const stem = name.slice(0, -PARTIAL_SUFFIX.length).replace(PART_SUFFIX, "");
    if (stem === basename(path)) await rm(join(dirname(path), name), { force: true });
  }
}

/** Before a new bundle takes the name: nothing may say of it what was true of the one before. */
export async function removeSidecars(path: string): Promise<void> {
  for (const suffix of [PARTS_JSON_SUFFIX, SUMS_SUFFIX])
    await rm(`${path}${suffix}`, { force: true });
  await syncDirectory(dirname(path));
}

/** Removes what is left of the bundle that had the name before: the file, or parts. */
export async function removeOthers(path: string, kept: readonly string[]): Promise<void> {
  for (const file of await bundleFiles(path))
    if (!kept.includes(file)) await rm(file, { force: true });
}

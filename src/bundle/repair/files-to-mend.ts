import { access, constants, lstat, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { BundleError, HostError, messageOf } from "../../core/errors.ts";
import { undefinedWhereMissing } from "../../core/files.ts";
import type { BundlePlace } from "../bundle-place.ts";
import { PARTIAL_SUFFIX } from "../output/output-file.ts";
import { type PlacedPart, placesOf } from "../parts/part-places.ts";
import { PARTS_JSON_SUFFIX } from "../parts/part-names.ts";

/** A file of a bundle that is to be mended in its place. */
export interface FileToMend {
  /** Where it is now, or where a part that is missing is written. */
  readonly path: string;
  /** Where it is in the end. */
  readonly finalPath: string;
  /** Which bytes of the bundle it must have; `end` exclusive. */
  readonly start: number;
  readonly end: number;
  /** Bytes that it has. */
  readonly size: number;
}

/**
 * The files of a bundle of `size` bytes, of which parts may be missing. Throws {@link HostError} where they cannot be written,
 * before anything else is done.
 */
export async function filesToMend(place: BundlePlace, size: number): Promise<FileToMend[]> {
  const { path } = place;
  if (place.kind === "file") {
    const there = await stat(path);
    return await writable(path, [{ path, finalPath: path, start: 0, end: size, size: there.size }]);
  }
  const places = placesOf(place, size);
  if (places.at(-1)?.end !== size || places.some(({ start, end }) => start === end))
    throw unknownSizes(path);
  const directory = dirname(path);
  return await writable(path, await Promise.all(places.map((part) => partToMend(part, directory))));
}

/** What of a run of the bundle lies in which file. */
export interface Share {
  readonly file: FileToMend;
  /** Of the first byte, in the file and in the run. */
  readonly at: number;
  readonly from: number;
  readonly length: number;
}

export function sharesOf(files: readonly FileToMend[], offset: number, length: number): Share[] {
  return files.flatMap((file) => {
    const start = Math.max(offset, file.start);
    const end = Math.min(offset + length, file.end);
    if (start >= end) return [];
    return [{ file, at: start - file.start, from: start - offset, length: end - start }];
  });
}

/** A part that is missing is called `.partial` until it is whole; what a repair that was cut off left of it is gone on with. */
async function partToMend(
  { part, start, end }: PlacedPart,
  directory: string,
): Promise<FileToMend> {
  const finalPath = join(directory, part.name);
  const partial = `${finalPath}${PARTIAL_SUFFIX}`;
  if (part.file !== undefined) await assertNoLink(part.file.path);
  if (part.file !== undefined && part.file.path !== partial)
    return { path: part.file.path, finalPath: part.file.path, start, end, size: part.file.size };
  if ((await stat(finalPath).catch(undefinedWhereMissing)) !== undefined)
    throw new HostError(
      "EXISTS",
      `Cannot write "${finalPath}", which is missing: another part has that name`,
      { hint: "Give the parts their names back: `bundle verify` tells them." },
    );
  const left = await lstat(partial).catch(undefinedWhereMissing);
  const size = left?.isFile() === true ? left.size : 0;
  return { path: partial, finalPath, start, end, size };
}

/** What a link on a medium leads to may be any file of this host. */
async function assertNoLink(path: string): Promise<void> {
  if (!(await lstat(path)).isSymbolicLink()) return;
  throw new HostError("NOT_A_FILE", `Cannot mend "${path}" in its place: it is a link`, {
    hint: "Write the mended bundle elsewhere with --output.",
  });
}

async function writable(path: string, files: readonly FileToMend[]): Promise<FileToMend[]> {
  for (const file of files) {
    const isMissing = file.path !== file.finalPath;
    await assertWritable(path, isMissing ? dirname(file.path) : file.path);
  }
  await assertWritable(path, dirname(path));
  return [...files];
}

async function assertWritable(bundle: string, path: string): Promise<void> {
  try {
    await access(path, constants.W_OK);
  } catch (cause) {
    throw new HostError(
      "NO_RIGHTS",
      `Cannot mend "${bundle}": "${basename(path)}" is not writable: ${messageOf(cause)}`,
      { cause, hint: "Write the mended bundle elsewhere with --output." },
    );
  }
}

function unknownSizes(path: string): BundleError {
  return new BundleError(
    "INCOMPLETE",
    `Cannot mend "${path}": how long its parts must be cannot be told from those that are here`,
    {
      hint: `Bring "${basename(path)}${PARTS_JSON_SUFFIX}", or write the bundle anew with --output.`,
    },
  );
}

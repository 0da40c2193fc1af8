import { open, readFile, readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { BundleError, DefinitionError, hasCode } from "../../core/errors.ts";
import { shortId } from "../../core/digest.ts";
import { undefinedWhereMissing } from "../../core/files.ts";
import { areMostlySame, readSamples } from "./part-samples.ts";
import { placeParts } from "./place-parts.ts";
import { PARTS_JSON_SUFFIX, type PartsJson, decodePartsJson, partName } from "./parts-json.ts";

/** A part as it must be, and the file that seems to be it. */
export interface Part {
  readonly name: string;
  /** Bytes that it must have. */
  readonly bytes: number;
  /** Missing where no sidecar says it. */
  readonly sha256?: string;
  /** Missing where it was not found. */
  readonly file?: FoundFile | undefined;
  /** Whether the file has this part's name, and mostly other content. */
  readonly isOther?: boolean;
}

export interface FoundFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** A bundle in parts, in one or several directories. */
export interface PartSet {
  /** What the parts are called without their numbers, in the first of the directories. */
  readonly path: string;
  readonly parts: readonly Part[];
  readonly sidecar?: PartsJson | undefined;
}

/**
 * Finds the parts of the bundle that is called `name`. A part is known by its content, whatever it is called: by samples that a
 * sidecar lists, or by what the bundle's own list says of it where the end of the bundle is there; else by its number. Throws
 * {@link BundleError} for a sidecar that cannot be used.
 */
export async function findPartSet(name: string, directories: readonly string[]): Promise<PartSet> {
  const sidecar = await readSidecar(name, directories);
  const files = (await Promise.all(directories.map(filesIn))).flat();
  const path = join(directories[0] ?? "", name);
  if (sidecar === undefined) return placeParts({ path, parts: numberedParts(name, files) }, files);
  return { path, parts: await listedParts(sidecar, name, files), sidecar };
}

/** Throws {@link BundleError} INCOMPLETE unless every part is there and as long as it must be. */
export function assertComplete({ path, parts }: PartSet): void {
  const wrong = parts.flatMap((part, index) => problemOf(part, `part ${index + 1}`) ?? []);
  if (wrong.length === 0) return;
  throw new BundleError(
    "INCOMPLETE",
    `Cannot use "${path}": of ${parts.length} parts ${wrong.slice(0, 10).join(", ")}`,
    {
      hint: "Name every directory that has parts, and run `bundle verify` to see which are to be brought.",
    },
  );
}

/** Whether there is a file for every part. */
export function isWhole({ parts }: PartSet): boolean {
  return parts.every(({ file }) => file !== undefined);
}

/** What its size tells of a part. */
export function problemOf({ bytes, file }: Part, called: string): string | undefined {
  if (file === undefined) return `${called} is missing`;
  if (file.size === bytes) return undefined;
  return `${called} is too ${file.size < bytes ? "short" : "long"}`;
}

async function readSidecar(
  name: string,
  directories: readonly string[],
): Promise<PartsJson | undefined> {
  let first: { readonly path: string; readonly json: PartsJson } | undefined;
  for (const directory of directories) {
    const path = join(directory, `${name}${PARTS_JSON_SUFFIX}`);
    const content = await readFile(path).catch(undefinedWhereMissing);
    if (content === undefined) continue;
    const json = decodePartsJson(content, path);
    first ??= { path, json };
    if (json.bundle !== first.json.bundle) throw twoBundles(first, { path, json });
  }
  return first?.json;
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

/** By name where the content is not another part's, then by content, and at last by name alone. */
async function listedParts(
  { parts, sampleEvery }: PartsJson,
  name: string,
  files: readonly FoundFile[],
): Promise<Part[]> {
  const sampled = new Map<FoundFile, Promise<readonly string[] | undefined>>();
  const left = new Set(files);
  const found: (FoundFile | undefined)[] = parts.map(() => undefined);
  const rounds: ((file: FoundFile, index: number) => boolean | Promise<boolean>)[] = [
    (file, index) => isNamed(file, index) && hasSamples(file, index),
    (file, index) => file.size === parts[index]?.bytes && hasSamples(file, index),
    isNamed,
  ];
  for (const fits of rounds) {
    for (const index of parts.keys()) {
      if (found[index] !== undefined) continue;
      for (const file of left) {
        if (!(await fits(file, index))) continue;
        found[index] = file;
        left.delete(file);
        break;
      }
    }
  }
  const listed = parts.map(async ({ bytes, sha256 }, index) => {
    const file = found[index];
    const samples = file && (await sampled.get(file));
    const isOther =
      samples !== undefined &&
      samples.length > 0 &&
      !areMostlySame(samples, parts[index]?.samples ?? []);
    return { name: partName(name, index + 1), bytes, sha256, file, isOther };
  });
  return Promise.all(listed);

  function isNamed({ path }: FoundFile, index: number): boolean {
    return basename(path) === partName(name, index + 1);
  }

  async function hasSamples(file: FoundFile, index: number): Promise<boolean> {
    const read = sampled.get(file) ?? samplesOf(file, sampleEvery);
    sampled.set(file, read);
    return areMostlySame((await read) ?? [], parts[index]?.samples ?? []);
  }
}

/** Undefined where the medium cannot be read. */
async function samplesOf(
  { path, size }: FoundFile,
  every: number,
): Promise<readonly string[] | undefined> {
  try {
    await using file = await open(path);
    return await readSamples(file, size, every);
  } catch (error) {
    if (hasCode(error, "EIO", "ENOENT", "ENODEV")) return undefined;
    throw error;
  }
}

/** All parts but the last are of one size, which is the one that most of them have. */
function numberedParts(name: string, files: readonly FoundFile[]): Part[] {
  const found: (FoundFile | undefined)[] = [];
  for (const file of files) {
    const number = numberIn(basename(file.path), name);
    if (number !== undefined) found[number - 1] ??= file;
  }
  const sizes = Map.groupBy(
    found.slice(0, -1).flatMap((file) => file?.size ?? []),
    (size) => size,
  );
  const [usual] = [...sizes].toSorted(([a, as], [b, bs]) => bs.length - as.length || b - a);
  return Array.from(found, (file, index) => ({
    name: partName(name, index + 1),
    bytes: index === found.length - 1 ? (file?.size ?? 0) : (usual?.[0] ?? 0),
    file,
  }));
}

function numberIn(fileName: string, name: string): number | undefined {
  const number = Number(fileName.slice(-3));
  return number > 0 && fileName === partName(name, number) ? number : undefined;
}

function twoBundles(
  ...found: readonly { readonly path: string; readonly json: PartsJson }[]
): Error {
  const of = found.map(({ path, json }) => `"${path}" is of bundle ${shortId(json.bundle)}`);
  return new DefinitionError("USAGE", `Cannot tell which bundle is meant: ${of.join(", ")}`, {
    hint: "Name the directories of one bundle.",
  });
}

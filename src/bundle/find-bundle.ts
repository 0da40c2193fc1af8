import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { DefinitionError } from "../core/errors.ts";
import { undefinedWhereMissing } from "../core/files.ts";
import { SUMS_SUFFIX } from "./output/former-files.ts";
import type { BundlePlace } from "./bundle-place.ts";
import { noSuchFile } from "./open-bundle-file.ts";
import { bundleEnds } from "./parts/bundle-ends.ts";
import { filesIn, findPartSet } from "./parts/find-part-set.ts";
import { PARTS_JSON_SUFFIX, PART_SUFFIX } from "./parts/part-names.ts";

interface Candidate {
  readonly kind: BundlePlace["kind"];
  readonly directory: string;
  readonly name: string;
}

const PART_OF_BUNDLE = /\.tar\.gz\.\d{3}$/;

/** What parts are called that have lost every trace of their name. */
const DEFAULT_NAME = "bundle.tar.gz";

/**
 * The bundle that people mean by a file, a part, a sidecar, a directory, or several of them; without any, by `directory`.
 * Throws {@link DefinitionError} where there is none, or more than one.
 */
export async function findBundle(
  inputs: string | readonly string[] | undefined,
  directory = process.cwd(),
): Promise<BundlePlace> {
  const named = [inputs ?? []].flat();
  const looked = await Promise.all((named.length > 0 ? named : [directory]).map(lookAt));
  const directories = [...new Set(looked.map((each) => each.directory))];
  const found = looked.flatMap((each) => each.candidates);
  const all = found.length > 0 ? found : await underOtherNames(directories);
  const candidates = new Map(all.map((each) => [identityOf(each), each]));
  const [only, another] = candidates.values();
  if (only === undefined || another !== undefined)
    throw unclear(directories, [...candidates.values()]);
  if (only.kind === "file") return { kind: "file", path: join(only.directory, only.name) };
  return { kind: "parts", ...(await findPartSet(only.name, directories)) };
}

/** Parts may lie in several directories; two files of one name are two. */
function identityOf({ kind, directory, name }: Candidate): string {
  return kind === "parts" ? `parts ${name}` : join(directory, name);
}

interface Looked {
  readonly directory: string;
  readonly candidates: readonly Candidate[];
}

async function lookAt(input: string): Promise<Looked> {
  const path = resolve(input);
  const stats = await stat(path).catch(undefinedWhereMissing);
  if (stats?.isDirectory() === true)
    return { directory: path, candidates: candidatesIn(path, await readdir(path)) };
  const directory = dirname(path);
  const candidate =
    stats === undefined ? absent(path) : present({ kind: "file", directory, name: basename(path) });
  return { directory, candidates: [await candidate] };
}

async function present(file: Candidate): Promise<Candidate> {
  const { directory, name } = file;
  if (name.endsWith(PARTS_JSON_SUFFIX))
    return { kind: "parts", directory, name: name.slice(0, -PARTS_JSON_SUFFIX.length) };
  if (PART_SUFFIX.test(name))
    return { kind: "parts", directory, name: name.replace(PART_SUFFIX, "") };
  if (!name.endsWith(SUMS_SUFFIX)) return file;
  const listed = name.slice(0, -SUMS_SUFFIX.length);
  return (await readdir(directory)).includes(listed)
    ? { ...file, name: listed }
    : absent(join(directory, listed));
}

/** A name that no file has is that of parts, where there are such. */
async function absent(path: string): Promise<Candidate> {
  const [directory, name] = [dirname(path), basename(path)];
  const names = await readdir(directory).catch(() => []);
  const isInParts = names.some(
    (each) => each === name + PARTS_JSON_SUFFIX || each.replace(PART_SUFFIX, "") === name,
  );
  if (!isInParts) throw noSuchFile(path);
  return { kind: "parts", directory, name };
}

/** A bundle that is there as a file too is not read from its parts. */
function candidatesIn(directory: string, names: readonly string[]): Candidate[] {
  const files = names.filter((name) => name.endsWith(".tar.gz"));
  const inParts = names.flatMap((name) => {
    if (name.endsWith(PARTS_JSON_SUFFIX)) return [name.slice(0, -PARTS_JSON_SUFFIX.length)];
    return PART_OF_BUNDLE.test(name) ? [name.replace(PART_SUFFIX, "")] : [];
  });
  return [
    ...files.map((name) => ({ kind: "file", directory, name }) as const),
    ...[...new Set(inParts)]
      .filter((name) => !files.includes(name))
      .map((name) => ({ kind: "parts", directory, name }) as const),
  ];
}

/** Files that end as a bundle does, whatever they are called: bundles, or the last of parts that all have other names. */
async function underOtherNames(directories: readonly string[]): Promise<Candidate[]> {
  const files = (await Promise.all(directories.map(filesIn))).flat();
  return (await bundleEnds(files)).map(({ file, tocOffset }): Candidate => {
    const directory = dirname(file.path);
    return tocOffset < file.size
      ? { kind: "file", directory, name: basename(file.path) }
      : { kind: "parts", directory, name: DEFAULT_NAME };
  });
}

function unclear(
  directories: readonly string[],
  candidates: readonly Candidate[],
): DefinitionError {
  const where = directories.map((directory) => `"${directory}"`).join(", ");
  const names = candidates.map(({ kind, directory, name }) => {
    if (kind === "parts") return `${name} in parts`;
    return directories.length > 1 ? join(directory, name) : name;
  });
  const found =
    names.length === 0
      ? "there is no .tar.gz in it, nor parts of one"
      : `there are ${names.length}: ${names.toSorted().slice(0, 10).join(", ")}`;
  return new DefinitionError("USAGE", `Cannot tell which bundle in ${where} is meant: ${found}`, {
    hint: names.length === 0 ? "Name the file, or its directory." : "Name one of them.",
  });
}

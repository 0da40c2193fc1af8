import { readdir, stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { DefinitionError, hasCode } from "../core/errors.ts";
import { SUMS_SUFFIX } from "./output/former-files.ts";
import { type PartSet, findPartSet } from "./parts/part-set.ts";
import { PARTS_JSON_SUFFIX, PART_SUFFIX } from "./parts/parts-json.ts";

/** Where a bundle is. `path` is absolute, and what the bundle is called in messages. */
export type BundlePlace =
  | { readonly kind: "file"; readonly path: string }
  | ({ readonly kind: "parts" } & PartSet);

interface Candidate {
  readonly kind: BundlePlace["kind"];
  readonly name: string;
}

const PART_OF_BUNDLE = /\.tar\.gz\.\d{3}$/;

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
  const [first] = looked;
  const candidates = new Map(
    looked.flatMap((each) => each.candidates).map((each) => [`${each.kind} ${each.name}`, each]),
  );
  const [only, another] = candidates.values();
  if (first === undefined || only === undefined || another !== undefined)
    throw unclear(looked, [...candidates.values()]);
  if (only.kind === "file") return { kind: "file", path: resolve(first.directory, only.name) };
  const directories = [...new Set(looked.map((each) => each.directory))];
  return { kind: "parts", ...(await findPartSet(only.name, directories)) };
}

interface Looked {
  readonly directory: string;
  readonly candidates: readonly Candidate[];
}

async function lookAt(input: string): Promise<Looked> {
  const path = resolve(input);
  const stats = await stat(path).catch((error: unknown) => {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  });
  if (stats?.isDirectory() === true)
    return { directory: path, candidates: candidatesIn(await readdir(path)) };
  const directory = dirname(path);
  const candidate = stats === undefined ? await absent(path) : present(basename(path));
  return { directory, candidates: [await candidate] };

  async function present(name: string): Promise<Candidate> {
    if (name.endsWith(PARTS_JSON_SUFFIX))
      return { kind: "parts", name: name.slice(0, -PARTS_JSON_SUFFIX.length) };
    if (name.endsWith(SUMS_SUFFIX)) return absentOrFile(name.slice(0, -SUMS_SUFFIX.length));
    if (PART_SUFFIX.test(name)) return { kind: "parts", name: name.replace(PART_SUFFIX, "") };
    return { kind: "file", name };
  }

  async function absentOrFile(name: string): Promise<Candidate> {
    return (await readdir(directory)).includes(name)
      ? { kind: "file", name }
      : absent(resolve(directory, name));
  }
}

/** A name that no file has is that of parts, where there are such. */
async function absent(path: string): Promise<Candidate> {
  const name = basename(path);
  const names = await readdir(dirname(path)).catch(() => []);
  const isInParts = names.some(
    (each) => each === name + PARTS_JSON_SUFFIX || each.replace(PART_SUFFIX, "") === name,
  );
  return { kind: isInParts ? "parts" : "file", name };
}

/** A bundle that is there as a file too is not read from its parts. */
function candidatesIn(names: readonly string[]): Candidate[] {
  const files = names.filter((name) => name.endsWith(".tar.gz"));
  const inParts = names.flatMap((name) => {
    if (name.endsWith(PARTS_JSON_SUFFIX)) return [name.slice(0, -PARTS_JSON_SUFFIX.length)];
    return PART_OF_BUNDLE.test(name) ? [name.replace(PART_SUFFIX, "")] : [];
  });
  return [
    ...files.map((name) => ({ kind: "file", name }) as const),
    ...[...new Set(inParts)]
      .filter((name) => !files.includes(name))
      .map((name) => ({ kind: "parts", name }) as const),
  ];
}

function unclear(looked: readonly Looked[], candidates: readonly Candidate[]): DefinitionError {
  const where = looked.map(({ directory }) => `"${directory}"`).join(", ");
  const names = candidates.map(({ kind, name }) => (kind === "parts" ? `${name} in parts` : name));
  const found =
    names.length === 0
      ? "there is no .tar.gz in it, nor parts of one"
      : `there are ${names.length}: ${names.toSorted().slice(0, 10).join(", ")}`;
  return new DefinitionError("USAGE", `Cannot tell which bundle in ${where} is meant: ${found}`, {
    hint: names.length === 0 ? "Name the file, or its directory." : "Name one of them.",
  });
}

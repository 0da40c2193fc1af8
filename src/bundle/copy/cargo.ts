import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { sha256Hex } from "../../core/digest.ts";
import { BundleError } from "../../core/errors.ts";
import { undefinedWhereMissing } from "../../core/files.ts";
import type { BundlePlace } from "../bundle-place.ts";
import { SUMS_SUFFIX } from "../output/former-files.ts";
import { openBundleFile } from "../open-bundle-file.ts";
import { type Part, type PartSet, problemOf } from "../parts/part-set.ts";
import { PARTS_JSON_SUFFIX } from "../parts/part-names.ts";
import type { SidecarFlaw } from "../parts/sidecar-flaw.ts";
import { readSums } from "../parts/read-sums.ts";

/** One file to be copied. */
export interface CopyItem {
  /** In messages: `part 3 of 7 ("bundle.tar.gz.003")`. */
  readonly called: string;
  /** What its copy is called. */
  readonly name: string;
  /** Where it is. */
  readonly path: string;
  readonly bytes: number;
  /** Hex; missing where nothing says it. */
  readonly sha256?: string | undefined;
}

/** What is to be brought from one medium to another. */
export interface Cargo {
  /** What the bundle is called; its parts before their numbers. */
  readonly name: string;
  /** The bundle, or those of its parts that are here. */
  readonly items: readonly CopyItem[];
  /** The parts that are not here. */
  readonly absent: readonly Pick<CopyItem, "name" | "bytes">[];
  readonly sidecars: readonly CopyItem[];
  /** Lists of the parts that are not copied, since they cannot be used. */
  readonly flaws: readonly SidecarFlaw[];
  /** The same for the same bundle in the same parts, wherever they are. */
  readonly setId: string;
}

/** Throws {@link BundleError} for what is certainly not whole, before anything of it is copied. */
export async function cargoOf(place: BundlePlace): Promise<Cargo> {
  return place.kind === "file" ? wholeCargo(place.path) : cargoInParts(place);
}

async function wholeCargo(path: string): Promise<Cargo> {
  const name = basename(path);
  const opened = await openBundleFile({ kind: "file", path });
  await using file = opened.file;
  const sidecars = await sidecarsIn([dirname(path)], [`${name}${SUMS_SUFFIX}`]);
  const [sums] = sidecars;
  const sha256 = sums && (await readSums(sums.path)).get(name);
  const item = { called: `"${name}"`, name, path, bytes: file.size, sha256 };
  return { name, items: [item], absent: [], sidecars, flaws: [], setId: setIdOf([item]) };
}

async function cargoInParts(set: PartSet): Promise<Cargo> {
  const name = basename(set.path);
  const items: CopyItem[] = [];
  for (const [index, part] of set.parts.entries()) {
    const called = `part ${index + 1} of ${set.parts.length} ("${part.name}")`;
    if (part.file === undefined) continue;
    assertMayBeIt(part, called);
    const { bytes, sha256, file } = part;
    items.push({ called, name: part.name, path: file.path, bytes, sha256 });
  }
  const directories = [set.path, ...items.map(({ path }) => path)].map((path) => dirname(path));
  const sidecars = await sidecarsIn(
    [...new Set(directories)],
    [`${name}${SUMS_SUFFIX}`, `${name}${PARTS_JSON_SUFFIX}`],
  );
  return {
    name,
    items,
    absent: set.parts.filter(({ file }) => file === undefined),
    sidecars: sidecars.filter(({ path }) => set.flaws.every((flaw) => flaw.path !== path)),
    flaws: set.flaws,
    setId: setIdOf(set.parts),
  };
}

function setIdOf(parts: readonly Pick<CopyItem, "name" | "bytes" | "sha256">[]): string {
  return sha256Hex(JSON.stringify(parts.map(({ name, bytes, sha256 }) => [name, bytes, sha256])));
}

function assertMayBeIt(part: Part, called: string): void {
  const wrong = part.isOther === true ? `${called} is of another bundle` : problemOf(part, called);
  if (wrong === undefined) return;
  throw new BundleError("DAMAGED", `Cannot copy "${part.file?.path}": ${wrong}`, {
    hint: "Run `bundle verify` on it, and bring that part again.",
  });
}

async function sidecarsIn(
  directories: readonly string[],
  names: readonly string[],
): Promise<CopyItem[]> {
  const found: CopyItem[] = [];
  for (const name of names) {
    for (const directory of directories) {
      const path = join(directory, name);
      const stats = await stat(path).catch(undefinedWhereMissing);
      if (stats?.isFile() !== true) continue;
      found.push({ called: `"${name}"`, name, path, bytes: stats.size });
      break;
    }
  }
  return found;
}

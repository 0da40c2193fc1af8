import { join } from "node:path";
import { shortId } from "../../core/short-id.ts";
import { DefinitionError, hasCode, messageOf } from "../../core/errors.ts";
import { readSmallFile } from "../../core/read-small-file.ts";
import { SUMS_SUFFIX } from "../output/former-files.ts";
import { PARTS_JSON_SUFFIX } from "./part-names.ts";
import { MAX_PARTS_JSON_SIZE, type PartsJson, parsePartsJson } from "./parts-json.ts";
import { readSums } from "./read-sums.ts";
import type { SidecarFlaw } from "./sidecar-flaw.ts";

export interface Sidecars {
  readonly list?: { readonly path: string; readonly json: PartsJson } | undefined;
  readonly flaws: readonly SidecarFlaw[];
}

/** The lists of the parts that are called `name`. Throws {@link DefinitionError} for those of two bundles. */
export async function readSidecars(
  name: string,
  directories: readonly string[],
): Promise<Sidecars> {
  let list: Sidecars["list"];
  const flaws: SidecarFlaw[] = [];
  for (const directory of directories) {
    const path = join(directory, `${name}${PARTS_JSON_SUFFIX}`);
    const read = await readList(path);
    if (read === undefined) continue;
    if ("why" in read) flaws.push({ path, why: read.why });
    else {
      list ??= { path, json: read };
      if (read.bundle !== list.json.bundle) throw twoBundles(list, { path, json: read });
    }
  }
  return { list, flaws };
}

/** The sums of the parts that are called `name` by their names, of all directories: what stands in for a list. */
export async function readPartSums(
  name: string,
  directories: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const sums = new Map<string, string>();
  for (const directory of directories) {
    const read = await readSums(join(directory, `${name}${SUMS_SUFFIX}`)).catch(() => new Map());
    for (const [part, sum] of read) sums.set(part, sum);
  }
  return sums;
}

/** Undefined where there is none. */
async function readList(path: string): Promise<PartsJson | { readonly why: string } | undefined> {
  try {
    return parsePartsJson(await readSmallFile(path, MAX_PARTS_JSON_SIZE));
  } catch (error) {
    return hasCode(error, "ENOENT") ? undefined : { why: messageOf(error) };
  }
}

function twoBundles(
  ...found: readonly { readonly path: string; readonly json: PartsJson }[]
): Error {
  const of = found.map(({ path, json }) => `"${path}" is of bundle ${shortId(json.bundle)}`);
  return new DefinitionError("USAGE", `Cannot tell which bundle is meant: ${of.join(", ")}`, {
    hint: "Name the directories of one bundle.",
  });
}

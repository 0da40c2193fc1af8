import { DefinitionError, messageOf } from "../../core/errors.ts";
import type { WorkOptions } from "../../core/progress.ts";
import { readSmallFile } from "../../core/read-small-file.ts";
import { readEarlierBundle } from "../earlier-bundle.ts";
import { type EarlierBundle, type Held, heldBy, heldByAll } from "./held.ts";
import { MAX_SITE_FILE_SIZE, type SiteFile, decodeSiteFile, heldAt } from "./site-file.ts";

/** What is known of the site that a bundle is for. */
export interface KnownSite {
  /** Missing where nothing can be left out. */
  readonly held?: Held | undefined;
  readonly site?: SiteFile | undefined;
}

const WHY_NOT =
  "Nothing is left out: the site has its models in an image, and the layers of a new one need every byte of them. Where models are kept in a volume (--models-in volume), only what is new has to be carried";

/**
 * What a site holds, by bundles that it has installed (or their MODELS.json) and by its site file. Throws {@link DefinitionError}
 * or {@link BundleError} for a file that is neither.
 */
export async function readHeld(
  {
    since = [],
    site: path,
  }: { readonly since?: readonly string[] | undefined; readonly site?: string | undefined },
  { onProgress }: WorkOptions,
): Promise<KnownSite> {
  const earlier: EarlierBundle[] = [];
  for (const each of since) earlier.push(await readEarlierBundle(each));
  const held = earlier.length === 0 ? [] : [heldBy(earlier)];
  if (path === undefined) return { held: heldByAll(held) };
  const content = await readSiteFile(path);
  const site = decodeSiteFile(path, content);
  if (site.modelsIn !== "image") return { site, held: heldByAll([...held, heldAt(site, content)]) };
  onProgress?.({ kind: "warning", text: WHY_NOT });
  return { site };
}

async function readSiteFile(path: string): Promise<Buffer> {
  try {
    return await readSmallFile(path, MAX_SITE_FILE_SIZE);
  } catch (cause) {
    const message = `Cannot read the site file "${path}": ${messageOf(cause)}`;
    const hint = "Name the file that `bundle inventory` wrote at the site.";
    throw new DefinitionError("USAGE", message, { cause, hint });
  }
}

import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { isSha256Hex } from "../core/digest.ts";
import { hasCode } from "../core/errors.ts";
import { undefinedWhereMissing } from "../core/files.ts";
import { jsonOrUndefined } from "../core/json-or-undefined.ts";
import type { VolumePaths } from "./volume-paths.ts";
import { writeWhole } from "./whole-file.ts";

const stagedItem = z.object({
  kind: z.enum(["image", "model"]),
  /** In full: `registry.ollama.ai/library/gemma:2b`. */
  name: z.string(),
  /** `linux/amd64`, of an image. */
  platform: z.string().optional(),
  /** `sha256:…`: a model's of its manifest, an image's of its config. */
  digest: z.string(),
  sha256s: z.array(z.string().refine(isSha256Hex)),
});

/** What a model or an image that was staged is made of; its content may as well lie in a store of the user's. */
export type StagedItem = z.infer<typeof stagedItem>;

/** Remembers it in place of what was staged under this name before. */
export async function rememberItem(paths: VolumePaths, item: StagedItem): Promise<void> {
  const { kind, name, platform = "" } = item;
  await writeWhole(
    paths,
    paths.item(`${kind} ${name} ${platform}`),
    Buffer.from(JSON.stringify(item)),
  );
}

/** Everything that was staged, by name, and when; what makes no sense is left aside. */
export async function readItems(
  paths: VolumePaths,
): Promise<(StagedItem & { readonly stagedAt: Date })[]> {
  const items: (StagedItem & { stagedAt: Date })[] = [];
  for (const name of await namesIn(paths.items)) {
    const path = join(paths.items, name);
    const text = await readFile(path, "utf8").catch(undefinedWhereMissing);
    const parsed = stagedItem.safeParse(jsonOrUndefined(text));
    if (parsed.success) items.push({ ...parsed.data, stagedAt: (await stat(path)).mtime });
  }
  return items.toSorted((a, b) => (`${a.kind} ${a.name}` < `${b.kind} ${b.name}` ? -1 : 1));
}

/** Nothing where there is no such directory. */
export async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}

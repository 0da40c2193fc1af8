import { open } from "node:fs/promises";
import { basename } from "node:path";
import { hasCode } from "../../core/errors.ts";
import { areMostlySame, readSamples } from "./part-samples.ts";
import type { FoundFile, Part } from "./part-set.ts";
import { partName } from "./part-names.ts";
import type { PartsJson } from "./parts-json.ts";

/** By name where the content is not another part's, then by content, and at last by name alone. */
export async function listedParts(
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
    const spares = [...left].filter((each) => isNamed(each, index));
    return { name: partName(name, index + 1), bytes, sha256, file, isOther, spares };
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

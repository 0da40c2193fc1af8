import { posix } from "node:path";
import { hexOfDigest } from "../core/digest.ts";
import { DefinitionError, SourceError } from "../core/errors.ts";
import { parseDockerManifest } from "./docker-manifest.ts";
import { type FoundImage, missingPlatform } from "./find-image.ts";
import { notThere } from "./found-images.ts";
import { type ImageConfig, parseImageConfig } from "./image-config.ts";
import { FILE_HINT, fullNameIn, nameAfterFile } from "./image-file.ts";
import type { ScannedArchive } from "./read-archive.ts";

interface Wanted {
  readonly path: string;
  /** Fully qualified. */
  readonly name?: string | undefined;
  readonly platform: string;
}

interface Entry {
  /** Fully qualified. */
  readonly names: readonly string[];
  readonly layers: readonly string[];
  readonly configBytes: Buffer;
  readonly config: ImageConfig;
}

/**
 * The image of a name and a platform in an archive of `docker save` or skopeo; without a name the only one of the platform.
 * Throws {@link SourceError}, and {@link DefinitionError} where a name is needed.
 */
export function findInDockerArchive(
  archive: ScannedArchive,
  { path, name, platform }: Wanted,
): { readonly reference: string; readonly found: FoundImage } {
  const all = readEntries(archive, path);
  const named = all.filter(({ names }) => name === undefined || names.includes(name));
  if (name !== undefined && named.length === 0) throw missingName(name, path, all);
  const [entry, another] = named.filter(({ config }) => config.platform === platform);
  if (entry === undefined) {
    const what = name === undefined ? `an image from "${path}"` : `"${name}" from "${path}"`;
    const others = new Set(named.map(({ config }) => config.platform));
    throw missingPlatform(what, platform, [...others]);
  }
  if (another !== undefined) throw severalImages(path, all);
  const reference = name ?? entry.names[0] ?? nameAfterFile(path);
  return { reference, found: foundImage(entry, { archive, reference }) };
}

/** Those whose config is there: an archive may name images of other platforms and not have them. */
function readEntries({ documents, file }: ScannedArchive, path: string): Entry[] {
  const parsed = parseDockerManifest(documents.get("manifest.json"));
  if ("problem" in parsed) throw incomplete(path, parsed.problem);
  const entries = parsed.entries.flatMap(({ Config, RepoTags, Layers }) => {
    const configBytes = documents.get(file(posix.normalize(Config))?.path ?? "") ?? Buffer.alloc(0);
    const config = parseImageConfig(configBytes);
    const names = (RepoTags ?? []).flatMap((tag) => fullNameIn(tag) ?? []);
    return config === undefined ? [] : [{ names, layers: Layers ?? [], configBytes, config }];
  });
  const [first] = parsed.entries;
  if (entries.length > 0 || first === undefined) return entries;
  throw incomplete(path, `the config "${first.Config}" is not in it, or is none of an image`);
}

function foundImage(
  { config: { platform, diffIds }, configBytes, layers }: Entry,
  { archive, reference }: { readonly archive: ScannedArchive; readonly reference: string },
): FoundImage {
  if (layers.length !== diffIds.length) {
    const found = `it names ${layers.length} layers, and its config ${diffIds.length}`;
    throw new SourceError("INCOMPLETE", `Cannot use "${reference}": ${found}`, { hint: FILE_HINT });
  }
  const found = layers.map((layer, at) => {
    const file = archive.file(posix.normalize(layer));
    if (file === undefined) throw notThere(reference, `layer ${at + 1} ("${layer}")`);
    return { name: file.path, size: file.size, diffId: hexOfDigest(diffIds[at] ?? "") ?? "" };
  });
  return { platform, config: configBytes, layers: found };
}

function missingName(name: string, path: string, entries: readonly Entry[]): SourceError {
  return new SourceError(
    "NOT_FOUND",
    `Cannot find "${name}" in "${path}": it has ${listed(entries)}`,
    {
      hint: "Name one that is there, as in docker-archive:FILE:NAME.",
    },
  );
}

function severalImages(path: string, entries: readonly Entry[]): DefinitionError {
  return new DefinitionError(
    "USAGE",
    `Cannot tell which image of "${path}" is wanted: it has ${listed(entries)}`,
    { hint: "Add its name behind the path, as in docker-archive:FILE:NAME." },
  );
}

function listed(entries: readonly Entry[]): string {
  const names = entries.flatMap((entry) => entry.names);
  return names.length === 0 ? "no image with a name" : names.map((name) => `"${name}"`).join(", ");
}

function incomplete(path: string, found: string): SourceError {
  return new SourceError("INCOMPLETE", `Cannot use the image archive "${path}": ${found}`, {
    hint: FILE_HINT,
  });
}

import { readFile } from "node:fs/promises";
import { posix } from "node:path";
import type { Readable } from "node:stream";
import { DefinitionError, SourceError } from "../core/errors.ts";
import { fullImageReference, parseImageReference } from "../core/image-reference.ts";
import type { StagedFile } from "../staging/staged-file.ts";
import { type DockerManifestEntry, parseDockerManifest } from "./docker-manifest.ts";
import { type ImageConfig, parseImageConfig } from "./image-config.ts";
import type { StagedImage } from "./source.ts";
import { type ArchiveContents, HINT, type TakeApartOptions, takeApart } from "./take-apart.ts";

const MAX_CONFIG_SIZE = 4 * 1024 * 1024;

export interface SavedImageOptions extends TakeApartOptions {
  /** `linux/amd64`: the archive may name images of other platforms, absent or not. */
  readonly platform: string;
  /** The diff_ids that the engine states, where they are known. */
  readonly diffIds?: readonly string[] | undefined;
}

/**
 * Takes what `docker save` writes apart into the staging volume, as it arrives: the legacy layout of Docker up to 24 and the
 * OCI layout of later ones. Then it checks closure: the config is there and hashes to its name, and every layer is there and
 * is what the config's diff_ids say. Throws {@link SourceError} that names the image and what is missing or wrong in it.
 */
export async function readDockerSave(
  tar: Readable,
  options: SavedImageOptions,
): Promise<StagedImage> {
  const contents = await takeApart(tar, options);
  const entries = readManifest(contents.manifest, options);
  const { config, parsed, layers } = await chooseImage(entries, contents, options);
  return {
    reference: options.reference,
    platform: options.platform,
    config,
    layers: checkLayers({ layers, diffIds: parsed.diffIds }, contents, options),
  };
}

function readManifest(
  bytes: Buffer | undefined,
  options: SavedImageOptions,
): readonly DockerManifestEntry[] {
  const parsed = parseDockerManifest(bytes);
  if ("problem" in parsed) throw incomplete(options, parsed.problem);
  return parsed.entries;
}

interface Chosen {
  readonly config: StagedFile;
  readonly parsed: ImageConfig;
  readonly layers: readonly string[];
}

/** The entry of the wanted platform; where one has the reference among its names, of those only. */
async function chooseImage(
  entries: readonly DockerManifestEntry[],
  contents: ArchiveContents,
  options: SavedImageOptions,
): Promise<Chosen> {
  const named = entries.filter(({ RepoTags }) =>
    RepoTags?.some((tag) => isSameReference(tag, options.reference)),
  );
  const missing: string[] = [];
  const others: string[] = [];
  for (const { Config, Layers } of named.length > 0 ? named : entries) {
    const config = contents.file(posix.normalize(Config));
    const parsed = config && (await readConfig(config, options));
    if (config === undefined || parsed === undefined) missing.push(Config);
    else if (isWanted(parsed, options)) return { config, parsed, layers: Layers ?? [] };
    else others.push(parsed.platform);
  }
  if (missing.length > 0) throw incomplete(options, `the config "${missing[0]}" is not in it`);
  throw incomplete(
    options,
    `it holds ${others.length === 0 ? "no image" : `only ${others.join(", ")}`}, expected ${describe(options)}`,
  );
}

/** The names are the archive's: one that is none is not the wanted one. */
function isSameReference(tag: string, reference: string): boolean {
  try {
    return fullImageReference(parseImageReference(tag)) === reference;
  } catch (error) {
    if (error instanceof DefinitionError) return false;
    throw error;
  }
}

function isWanted({ platform, diffIds }: ImageConfig, wanted: SavedImageOptions): boolean {
  const isSameContent = wanted.diffIds === undefined || wanted.diffIds.join() === diffIds.join();
  return platform === wanted.platform && isSameContent;
}

function describe({ platform, diffIds }: SavedImageOptions): string {
  return `${platform}${diffIds === undefined ? "" : ` with the ${diffIds.length} layers that the engine states`}`;
}

async function readConfig(
  { path, size }: StagedFile,
  options: SavedImageOptions,
): Promise<ImageConfig> {
  const parsed = size > MAX_CONFIG_SIZE ? undefined : parseImageConfig(await readFile(path));
  if (parsed !== undefined) return parsed;
  throw incomplete(options, "its config is not one of an image");
}

/** moby#47065: an archive may lack layers that it names, and the engine says nothing. */
function checkLayers(
  { layers, diffIds }: { readonly layers: readonly string[]; readonly diffIds: readonly string[] },
  contents: ArchiveContents,
  options: SavedImageOptions,
): StagedFile[] {
  if (layers.length !== diffIds.length) {
    throw incomplete(options, `it names ${layers.length} layers, and its config ${diffIds.length}`);
  }
  return layers.map((path, at) => {
    const [file, which] = [
      contents.file(posix.normalize(path)),
      `layer ${at + 1} of ${layers.length} ("${path}")`,
    ];
    if (file === undefined) throw incomplete(options, `${which} is not in it`);
    if (`sha256:${file.sha256}` === diffIds[at]) return file;
    throw notWhole(
      "WRONG_CONTENT",
      options,
      `${which} hashes to sha256:${file.sha256}, expected ${diffIds[at]}`,
    );
  });
}

function incomplete(options: SavedImageOptions, what: string): SourceError {
  return notWhole("INCOMPLETE", options, what);
}

function notWhole(
  code: "INCOMPLETE" | "WRONG_CONTENT",
  { reference }: SavedImageOptions,
  what: string,
): SourceError {
  return new SourceError(code, `Cannot use what the engine saved of "${reference}": ${what}`, {
    hint: HINT,
  });
}

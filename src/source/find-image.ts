import { hexOfDigest, sha256Hex } from "../core/digest.ts";
import { SourceError } from "../core/errors.ts";
import type { WorkOptions } from "../core/progress.ts";
import { parseImageConfig, platformName } from "./image-config.ts";
import {
  type Descriptor,
  type ImageManifest,
  isAttestation,
  parseManifest,
} from "./image-manifest.ts";

/** Manifests, indexes and configs are smaller. Bytes. */
export const MAX_DOCUMENT = 4 * 1024 * 1024;

export interface WantedDocument {
  readonly descriptor: Descriptor;
  readonly kind: "manifest" | "config";
}

/** Where an image's manifests and configs are had by their digest. */
export interface ImageDocuments {
  /** What is looked for, for messages: `"docker.io/ollama/ollama:latest" in its registry`. */
  readonly what: string;
  /** What to do where something is wrong with it. */
  readonly hint: string;
  /** At most {@link MAX_DOCUMENT} bytes; whether they are what the descriptor says is checked by who asks. */
  read(wanted: WantedDocument, options: WorkOptions): Promise<Buffer>;
}

export interface FoundLayer {
  /** What its place calls it: the sha256 of the blob in hex, or a path in an archive. */
  readonly name: string;
  /** Bytes as it is there, compressed or not. */
  readonly size: number;
  /** sha256 of the uncompressed layer, hex. */
  readonly diffId: string;
}

/** An image of one platform. */
export interface FoundImage {
  readonly platform: string;
  /** `sha256:<hex>` of the manifest, or of the index that it was found through; missing where there is neither. */
  readonly sourceDigest?: string | undefined;
  readonly config: Buffer;
  /** From the bottom. */
  readonly layers: readonly FoundLayer[];
}

/**
 * The image of a platform: the one that a manifest describes, or one of those that an index lists. Throws {@link SourceError}:
 * `NOT_FOUND` names the platforms that there are.
 */
export async function findImage(
  candidates: readonly Descriptor[],
  { platform, documents }: { readonly platform: string; readonly documents: ImageDocuments },
  options: WorkOptions,
): Promise<FoundImage> {
  const others = new Set<string>();
  for (const candidate of candidates) {
    const sourceDigest = `sha256:${candidate.sha256}`;
    for await (const found of imagesOf([candidate], { platform, documents }, options)) {
      if (typeof found === "string") others.add(found);
      else if (found.platform === platform) return { ...found, sourceDigest };
      else others.add(found.platform);
    }
  }
  throw missingPlatform(documents.what, platform, [...others]);
}

export function missingPlatform(
  what: string,
  platform: string,
  others: readonly string[],
): SourceError {
  const found = others.length === 0 ? "no image at all" : `only ${others.join(", ")}`;
  return new SourceError("NOT_FOUND", `Cannot take ${what} for ${platform}: there is ${found}`, {
    hint: "Name one of the platforms that there are with --platform, or another image.",
  });
}

interface Search {
  readonly platform: string;
  readonly documents: ImageDocuments;
}

/** Images, and the names of platforms whose images were not looked at. */
async function* imagesOf(
  candidates: readonly Descriptor[],
  search: Search,
  options: WorkOptions,
): AsyncGenerator<FoundImage | string> {
  for (const candidate of candidates) {
    if (isAttestation(candidate)) continue;
    const stated = candidate.platform && platformName(candidate.platform);
    if (stated !== undefined && stated !== search.platform) {
      yield stated;
      continue;
    }
    const parsed = parseManifest(
      await readChecked({ descriptor: candidate, kind: "manifest" }, search, options),
    );
    if ("problem" in parsed)
      throw unusable(search.documents, "BAD_ANSWER", `its manifest: ${parsed.problem}`);
    if ("index" in parsed) yield* imagesOf(parsed.index.manifests, search, options);
    else yield await imageOf(parsed.manifest, search, options);
  }
}

async function imageOf(
  { config: descriptor, layers }: ImageManifest,
  search: Search,
  options: WorkOptions,
): Promise<FoundImage> {
  const config = await readChecked({ descriptor, kind: "config" }, search, options);
  const parsed = parseImageConfig(config);
  if (parsed === undefined)
    throw unusable(search.documents, "BAD_ANSWER", "its config is not one of an image");
  const { platform, diffIds } = parsed;
  if (layers.length !== diffIds.length) {
    const found = `it names ${layers.length} layers, and its config ${diffIds.length}`;
    throw unusable(search.documents, "INCOMPLETE", found);
  }
  const found = layers.map(({ sha256, size }, at) => ({
    name: sha256,
    size,
    diffId: hexOfDigest(diffIds[at] ?? "") ?? "",
  }));
  return { platform, config, layers: found };
}

async function readChecked(
  { descriptor, kind }: WantedDocument,
  { documents }: Search,
  options: WorkOptions,
): Promise<Buffer> {
  const { sha256, size } = descriptor;
  if (size > MAX_DOCUMENT)
    throw unusable(documents, "BAD_ANSWER", `its ${kind} is to have ${size} bytes`);
  const bytes = await documents.read({ descriptor, kind }, options);
  const found = sha256Hex(bytes);
  if (found === sha256) return bytes;
  const what = `its ${kind} hashes to sha256:${found}, expected sha256:${sha256}`;
  throw unusable(documents, "WRONG_CONTENT", what);
}

function unusable(
  { what, hint }: ImageDocuments,
  code: "BAD_ANSWER" | "INCOMPLETE" | "WRONG_CONTENT",
  found: string,
): SourceError {
  return new SourceError(code, `Cannot use ${what}: ${found}`, { hint });
}

import { hexOfDigest, sha256Hex, shortId } from "../core/digest.ts";
import { BundleError, DefinitionError, SourceError, messageOf } from "../core/errors.ts";
import { fullModelName } from "../core/model-name.ts";
import { readSmallFile } from "../core/read-small-file.ts";
import type { ResolvedImage, ResolvedModel, StagedImage } from "../source/source.ts";
import { MAX_MODELS_JSON_SIZE, type ModelsJson, decodeModelsJson } from "./models-json.ts";

const HINT = "Take MODELS.json out of that bundle: tar -xzf BUNDLE --wildcards '*/MODELS.json'";

/** An earlier bundle whose very models and images are wanted again. */
export interface Lock {
  /** Where it was read from, for messages. */
  readonly path: string;
  readonly manifest: ModelsJson;
}

interface Wanted {
  readonly platform: string;
  readonly models: readonly ResolvedModel[];
  readonly image?: ResolvedImage | undefined;
}

/** Reads the MODELS.json of an earlier bundle. Throws {@link BundleError} for what is none, {@link DefinitionError} where it is not. */
export async function readLock(path: string): Promise<Lock> {
  const bytes = await readModelsJsonFile(path);
  try {
    if (bytes.length <= MAX_MODELS_JSON_SIZE) return { path, manifest: decodeModelsJson(bytes) };
  } catch (cause) {
    if (!(cause instanceof BundleError)) throw cause;
    throw new BundleError(cause.code, `Cannot use "${path}" as a lock: ${cause.message}`, {
      cause,
      hint: HINT,
    });
  }
  throw new BundleError("DAMAGED", `Cannot use "${path}" as a lock: it is too large for one`, {
    hint: HINT,
  });
}

async function readModelsJsonFile(path: string): Promise<Buffer> {
  try {
    return await readSmallFile(path, MAX_MODELS_JSON_SIZE);
  } catch (cause) {
    throw new DefinitionError("USAGE", `Cannot read the lock "${path}": ${messageOf(cause)}`, {
      cause,
      hint: HINT,
    });
  }
}

/**
 * Throws {@link SourceError} `MOVED` that lists what is no longer as it was, or was not there. An image of which its source does not
 * say what it is made of before it is staged passes here.
 */
export function assertLocked(lock: Lock | undefined, { platform, models, image }: Wanted): void {
  if (lock === undefined) return;
  const { manifest } = lock;
  refuseMoved(lock, [
    ...(platform === manifest.platform
      ? []
      : [`the platform is ${platform}, expected ${manifest.platform}`]),
    ...models.flatMap((model) => movedModel(model, manifest)),
    ...(image === undefined
      ? []
      : movedImage(image.reference, image.content?.configDigest, manifest)),
  ]);
}

/** The same for an image that is staged. */
export function assertImageLocked(
  lock: Lock | undefined,
  { reference, config }: Pick<StagedImage, "reference" | "config">,
): void {
  if (lock === undefined) return;
  refuseMoved(lock, movedImage(reference, `sha256:${config.sha256}`, lock.manifest));
}

function movedModel({ name, manifestBytes }: ResolvedModel, { models }: ModelsJson): string[] {
  const full = fullModelName(name);
  const before = models.find((model) => model.name === full);
  return moved(full, sha256Hex(manifestBytes), before?.digest);
}

function movedImage(
  reference: string,
  configDigest: string | undefined,
  { images }: ModelsJson,
): string[] {
  const before = images.find((image) => image.reference === reference);
  return moved(reference, hexOf(configDigest), hexOf(before?.configDigest));
}

function hexOf(digest: string | undefined): string | undefined {
  return digest === undefined ? undefined : hexOfDigest(digest);
}

function moved(name: string, now: string | undefined, before: string | undefined): string[] {
  if (before === undefined) return [`"${name}" is not in it`];
  return now === undefined || now === before
    ? []
    : [`"${name}" is sha256:${shortId(now)}, expected sha256:${shortId(before)}`];
}

function refuseMoved({ path }: Lock, found: readonly string[]): void {
  if (found.length === 0) return;
  throw new SourceError("MOVED", `Cannot create what is locked by "${path}": ${found.join("; ")}`, {
    hint: "Take it from where it still is as it was, such as a store (--from-store) or an image file; or create without --locked.",
  });
}

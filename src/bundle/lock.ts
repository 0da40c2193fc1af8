import { hexOfDigest, sha256Hex } from "../core/digest.ts";
import { shortId } from "../core/short-id.ts";
import { SourceError } from "../core/errors.ts";
import { fullModelName } from "../core/model-name.ts";
import type { ResolvedImage, ResolvedModel, StagedImage } from "../source/source.ts";
import { readEarlierBundle } from "./earlier-bundle.ts";
import type { ModelsJson } from "./models-json.ts";

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

/** Reads what an earlier bundle had: the bundle itself, or its MODELS.json. Throws as {@link readEarlierBundle}. */
export async function readLock(path: string): Promise<Lock> {
  const { manifest } = await readEarlierBundle(path);
  return { path, manifest };
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

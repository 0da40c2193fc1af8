import { DefinitionError, EngineError, SourceError } from "../core/errors.ts";
import { parseImageReference } from "../core/image-reference.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { Engine, EngineImage } from "../engine/engine.ts";
import { findLogin } from "../registry/find-login.ts";
import type { LoginSearch } from "../registry/login.ts";
import type { StagingVolume } from "../staging/staging-volume.ts";
import { readDockerSave } from "./docker-save.ts";
import type { ImageSource, ResolvedImage, StagedImage, WantedImage } from "./source.ts";
import { findStagedImage, rememberStagedImage } from "./staged-images.ts";

export { ollamaVersionOf } from "./image-ollama-version.ts";

/** What an engine with containerd's store says of an image whose config it has not. */
const UNKNOWN_PLATFORM = "/";

export interface EngineImageContext {
  readonly engine: Engine;
  readonly volume: StagingVolume;
  /** Where docker and podman keep their logins follows from it. */
  readonly env: Readonly<NodeJS.ProcessEnv>;
}

/**
 * Images through the container engine. `resolve` pulls nothing: it tells what the engine has now, and neither identity nor size
 * of an image that it does not have. `stage` pulls, and packs what the engine has where that fails; it is saved only when the
 * staging volume does not have this very image.
 */
export function createEngineImageSource(context: EngineImageContext): ImageSource {
  return {
    resolve: (wanted, options) => resolveImage(wanted, context, options),
    stage: (resolved, options) => stageImage(resolved, context, options),
  };
}

async function resolveImage(
  { reference, platform }: WantedImage,
  { engine, volume }: EngineImageContext,
  options: WorkOptions,
): Promise<ResolvedImage> {
  await assertPlatform({ reference, platform }, engine, options);
  const image = await engine.image(reference);
  if (image === undefined || image.platform !== platform) return { reference, platform };
  const staged = await findStagedImage(image, { volume, ...options });
  const statedSize = staged === undefined ? image.size : sizeOf(staged);
  return {
    reference,
    platform,
    identity: image.id,
    sourceDigest: sourceDigestOf(image, reference),
    statedSize,
    missingBytes: staged === undefined ? statedSize : 0,
    content: { diffIds: image.diffIds },
  };
}

async function stageImage(
  { reference, platform }: ResolvedImage,
  { engine, volume, env }: EngineImageContext,
  options: WorkOptions,
): Promise<StagedImage> {
  const image = await pullOrKeep({ reference, platform }, { engine, env }, options);
  const sourceDigest = sourceDigestOf(image, reference);
  options.onProgress?.({ kind: "note", text: `"${reference}" is ${sourceDigest ?? image.id}` });
  const known = await findStagedImage(image, { volume, ...options });
  if (known !== undefined) return { reference, platform, sourceDigest, ...known };
  // By its id: the name may mean another image by now.
  const tar = await engine.save(image.id, options);
  const { diffIds, size: statedSize } = image;
  const staged = await readDockerSave(tar, {
    volume,
    reference,
    platform,
    diffIds,
    statedSize,
    ...options,
  });
  await rememberStagedImage(image, staged, volume);
  return { ...staged, sourceDigest };
}

/** Engines before 25 keep one platform under a name: a pull of another one would take the name away from the user's image. */
async function assertPlatform(
  { reference, platform }: WantedImage,
  engine: Engine,
  options: WorkOptions,
): Promise<void> {
  const info = await engine.info(options);
  if (info.platform === platform) return;
  throw new DefinitionError(
    "NOT_SUPPORTED",
    `Cannot take "${reference}" for ${platform} from the engine at ${engine.address}: it runs ${info.platform}, and only images for that are taken from it`,
    {
      hint: `Take it from its registry with --image docker://${reference}, or pack the one for ${info.platform} with --platform.`,
    },
  );
}

/** The image as the engine has it after a pull; where that fails, as it had it before. */
async function pullOrKeep(
  wanted: WantedImage,
  { engine, env }: Omit<EngineImageContext, "volume">,
  options: WorkOptions,
): Promise<EngineImage> {
  const { reference, platform } = wanted;
  const before = await engine.image(reference);
  const isFixed = parseImageReference(reference).digest !== undefined;
  if (isFixed && before?.platform === platform) return before;
  const { registry, repository } = parseImageReference(reference);
  const search = await findLogin({ registry, path: repository }, { env, signal: options.signal });
  try {
    await engine.pull(reference, { ...options, login: search.login?.secret });
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (before?.platform !== platform) throw asSourceError(error, before, { registry, search });
    const kept = sourceDigestOf(before, reference) ?? before.id;
    options.onProgress?.({
      kind: "warning",
      text: `${error.message}. What the engine has under that name is packed: ${kept}`,
    });
  }
  return expectPlatform(await engine.image(reference), wanted);
}

function expectPlatform(
  image: EngineImage | undefined,
  { reference, platform }: WantedImage,
): EngineImage {
  if (image?.platform === platform) return image;
  if (image?.platform === UNKNOWN_PLATFORM) {
    throw new SourceError(
      "INCOMPLETE",
      `Cannot take "${reference}" from the engine: it has that image incompletely, content of it is missing`,
      { hint: `Remove it, and pull it again: docker rmi ${reference}` },
    );
  }
  throw new SourceError(
    "NOT_FOUND",
    `Cannot find "${reference}" for ${platform}: the engine has ${image === undefined ? "no image of that name after pulling it" : `it for ${image.platform}`}`,
    { hint: "Name an image that there is for that platform." },
  );
}

function asSourceError(
  error: EngineError,
  before: EngineImage | undefined,
  { registry, search }: { readonly registry: string; readonly search: LoginSearch },
): SourceError {
  const { code } = error;
  const isPartThere = before?.platform === UNKNOWN_PLATFORM;
  const asked =
    search.login === undefined ? `without a login: ${search.inVain}` : `with ${search.login.from}`;
  const message = `${error.message}${isPartThere ? ". The engine has that image incompletely, content of it is missing" : ""}; it was asked ${asked}`;
  const login = `\`docker login ${registry}\``;
  if (code === "NOT_FOUND") {
    const hint = `Check the name and the tag. If the image needs a login, type ${login} first, or again where a login has expired.`;
    return new SourceError("NOT_FOUND", message, { cause: error, hint });
  }
  const hint = `Check that the engine reaches the registry: it has settings of its own for proxies and certificates. If the registry wants a login, type ${login}. An image that the engine has already needs no registry.`;
  return new SourceError(code === "ENGINE_REFUSED" ? "REFUSED" : "UNREACHABLE", message, {
    cause: error,
    hint,
  });
}

/** What the registry of the reference calls the image. */
function sourceDigestOf({ repoDigests }: EngineImage, reference: string): string | undefined {
  const { registry, repository } = parseImageReference(reference);
  const prefix = `${registry}/${repository}@`;
  return repoDigests.find((digest) => digest.startsWith(prefix))?.slice(prefix.length);
}

function sizeOf({ config, layers }: Pick<StagedImage, "config" | "layers">): number {
  const files = new Map([config, ...layers].map((file) => [file.sha256, file.size]));
  return [...files.values()].reduce((sum, size) => sum + size, 0);
}

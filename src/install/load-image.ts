import type { BundleReader } from "../bundle/bundle-reader.ts";
import { EngineError } from "../core/errors.ts";
import { type WorkOptions, countBytes } from "../core/progress.ts";
import type { Engine } from "../engine/engine.ts";
import { sameLayers } from "./engine-problems.ts";
import { type ImageToLoad, diffIdsOf, layerBytes, loadArchive } from "./image-to-load.ts";

/** What an engine with containerd's store says of an image whose config it has not. */
const UNKNOWN_PLATFORM = "/";

/**
 * Loads the image in one stream, and compares what the engine then has with what it was given: an engine loads an image for
 * another platform without a word.
 */
export async function loadImage(
  {
    engine,
    bundle,
    image,
  }: { readonly engine: Engine; readonly bundle: BundleReader; readonly image: ImageToLoad },
  options: WorkOptions,
): Promise<void> {
  options.onProgress?.({ kind: "step", text: `Loading the image "${image.name}"` });
  const archive = counted(
    loadArchive(bundle, image, options),
    countBytes("image", layerBytes(image), options.onProgress),
  );
  await engine.load(archive, options);
  const loaded = await engine.image(image.name);
  if (loaded === undefined) throw differs(image, "the engine does not have it");
  if (loaded.platform === UNKNOWN_PLATFORM)
    throw differs(image, "the engine has it incompletely, content of it is missing");
  if (loaded.platform !== image.platform)
    throw differs(image, `the engine has it for ${loaded.platform}`);
  if (!sameLayers(loaded.diffIds, diffIdsOf(image)))
    throw differs(image, "the engine has it with other layers");
}

async function* counted(
  bytes: AsyncIterable<Uint8Array>,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    yield piece;
    count(piece.length);
  }
}

function differs({ name }: ImageToLoad, found: string): EngineError {
  return new EngineError(
    "IMAGE_DIFFERS",
    `Cannot use the image "${name}" that was just loaded: ${found}`,
    {
      hint: "See the engine's log, and run this again.",
    },
  );
}

import type { BundleReader } from "../bundle/bundle-reader.ts";
import { EngineError } from "../core/errors.ts";
import { type WorkOptions, countBytes } from "../core/progress.ts";
import type { Engine } from "../engine/engine.ts";
import { sameLayers } from "./engine-problems.ts";
import { type ImageToLoad, bytesToLoad, diffIdsOf, loadArchive } from "./image-to-load.ts";

/** What an engine with containerd's store says of an image whose config it has not. */
const UNKNOWN_PLATFORM = "/";

interface Loading {
  readonly engine: Engine;
  readonly bundle: BundleReader;
  readonly image: ImageToLoad;
}

/**
 * Loads the image in one stream, and compares what the engine then has with what it was given: an engine loads an image for
 * another platform without a word.
 */
export async function loadImage(loading: Loading, options: WorkOptions): Promise<void> {
  const { engine, image } = loading;
  options.onProgress?.({ kind: "step", text: `Loading the image "${image.name}"` });
  await send(loading, options);
  const loaded = await engine.image(image.name);
  if (loaded === undefined) throw differs(image, "the engine does not have it");
  if (loaded.platform === UNKNOWN_PLATFORM)
    throw differs(image, "the engine has it incompletely, content of it is missing");
  if (loaded.platform !== image.platform)
    throw differs(image, `the engine has it for ${loaded.platform}`);
  if (!sameLayers(loaded.diffIds, diffIdsOf(image)))
    throw differs(image, "the engine has it with other layers");
}

/** Without what is there. That may be gone by now, with the image that had it: then everything is sent after all. */
async function send({ engine, bundle, image }: Loading, options: WorkOptions): Promise<void> {
  const item = image.there === 0 ? "image" : "image's missing layers";
  const archive = counted(
    loadArchive(bundle, image, options),
    countBytes(item, bytesToLoad(image), options.onProgress),
  );
  try {
    await engine.load(archive, options);
  } catch (error) {
    if (!(error instanceof EngineError) || image.there === 0) throw error;
    const text = `Loading all of it: without the layers that were there, ${error.message}`;
    options.onProgress?.({ kind: "note", text });
    await send({ engine, bundle, image: { ...image, there: 0 } }, options);
  }
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

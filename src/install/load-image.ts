import type { BundleReader } from "../bundle/bundle-reader.ts";
import { EngineError } from "../core/errors.ts";
import { type WorkOptions, countBytes } from "../core/progress.ts";
import type { Engine } from "../engine/engine.ts";
import { sameLayers } from "./engine-problems.ts";
import { partsOf } from "./image-parts.ts";
import { type ImageToLoad, bytesToLoad, diffIdsOf, loadArchive } from "./image-to-load.ts";
import type { Journal } from "./journal.ts";
import { type Archive, loadInTurn } from "./load-in-turn.ts";

/** What an engine with containerd's store says of an image whose config it has not. */
const UNKNOWN_PLATFORM = "/";

interface Loading {
  readonly engine: Engine;
  readonly bundle: BundleReader;
  readonly image: ImageToLoad;
  /** For what is loaded beside the image and is not to stay. */
  readonly journal: Pick<Journal, "add">;
  readonly installation: string;
}

/**
 * Loads the image, in parts where the engine takes it so, and compares what the engine then has with what it was given: an engine loads an image for
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
async function send(loading: Loading, options: WorkOptions): Promise<void> {
  const { image } = loading;
  const parts = partsOf(image, loading.installation);
  try {
    await sendParts(loading, parts, options);
  } catch (error) {
    const isWhole = image.there === 0 && parts.length === 1;
    if (!(error instanceof EngineError) || isWhole) throw error;
    const text = `Loading all of it: without the layers that were there, ${error.message}`;
    options.onProgress?.({ kind: "note", text });
    // Where that fails too, the engine is gone, and the first error says how.
    await removeBeside(loading, parts).catch(() => Promise.reject(error));
    await send({ ...loading, image: { ...image, there: 0, takesPart: false } }, options);
  }
}

async function sendParts(
  loading: Loading,
  parts: readonly ImageToLoad[],
  options: WorkOptions,
): Promise<void> {
  const { engine, bundle, image, journal } = loading;
  const item = image.there === 0 ? "image" : "image's missing layers";
  const count = countBytes(item, bytesToLoad(image), options.onProgress);
  for (const { name } of besideImage(parts))
    await journal.add({ kind: "image", name, existed: false });
  const archives = parts.map(
    (part): Archive =>
      (hold) =>
        counted(loadArchive(bundle, part, { ...options, hold }), count),
  );
  await loadInTurn(engine, archives, options);
  await removeBeside(loading, parts);
}

async function removeBeside({ engine }: Loading, parts: readonly ImageToLoad[]): Promise<void> {
  for (const { name } of besideImage(parts)) await engine.removeImage(name);
}

/** All parts but the last, which is the image itself. */
function besideImage(parts: readonly ImageToLoad[]): readonly ImageToLoad[] {
  return parts.slice(0, -1);
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

import type { BundleReader } from "../bundle/bundle-reader.ts";
import { EngineError, messageOf } from "../core/errors.ts";
import { type WorkOptions, countBytes } from "../core/progress.ts";
import type { Engine } from "../engine/engine.ts";
import { sameLayers } from "./engine-problems.ts";
import { prefixesOf } from "./image-prefixes.ts";
import { type ImageToLoad, bytesToLoad, diffIdsOf, loadArchive } from "./image-to-load.ts";
import type { Journal } from "./journal.ts";
import { type Archive, loadInTurn } from "./load-in-turn.ts";

const INCOMPLETE = "the engine has it incompletely, content of it is missing";

interface Loading {
  readonly engine: Engine;
  readonly bundle: BundleReader;
  readonly image: ImageToLoad;
  /** For what is loaded beside the image and is not to stay. */
  readonly journal: Pick<Journal, "add">;
  readonly installation: string;
}

/**
 * Loads the image by its prefixes, and compares what the engine then has with what it was given: an engine loads an image for
 * another platform without a word, and some load one without all of its content.
 */
export async function loadImage(loading: Loading, options: WorkOptions): Promise<void> {
  const { engine, image } = loading;
  options.onProgress?.({ kind: "step", text: `Loading the image "${image.name}"` });
  await sendWhatIsLacked(loading, options);
  const loaded = await engine.image(image.name);
  if (loaded === undefined) throw differs(image, "the engine does not have it");
  if (!loaded.isComplete) throw differs(image, INCOMPLETE);
  if (loaded.platform !== image.platform)
    throw differs(image, `the engine has it for ${loaded.platform}`);
  if (!sameLayers(loaded.diffIds, diffIdsOf(image)))
    throw differs(image, "the engine has it with other layers");
}

/**
 * Without what is there. That may be gone by now, with the image that had it, or be there in another form: then it is sent after
 * all; and all at once where the engine lacks what it was sent before.
 */
async function sendWhatIsLacked(loading: Loading, options: WorkOptions): Promise<void> {
  const { image } = loading;
  const all = { ...image, there: 0 };
  const ways = [...(image.there > 0 ? [image] : []), all, { ...all, takesPart: false }];
  for (const way of ways) {
    const failure = await send({ ...loading, image: way }, options);
    if (failure === undefined || !way.takesPart) return;
    const text = `Loading all of the image: in parts, ${failure}`;
    options.onProgress?.({ kind: "note", text });
  }
}

/** Returns why the engine has not all of it, where it relied on layers that it was not sent together with the others. */
async function send(loading: Loading, options: WorkOptions): Promise<string | undefined> {
  const { engine, image } = loading;
  const prefixes = prefixesOf(image, loading.installation);
  let failure: string | undefined;
  try {
    await sendInTurn(loading, prefixes, options);
    if ((await engine.image(image.name))?.isComplete === false) failure = INCOMPLETE;
  } catch (error) {
    if (!(error instanceof EngineError) || image.there === 0) throw error;
    failure = error.message;
  }
  await removeBeside(loading, prefixes, options);
  return failure;
}

async function sendInTurn(
  { engine, bundle, image, journal }: Loading,
  prefixes: readonly ImageToLoad[],
  options: WorkOptions,
): Promise<void> {
  for (const { name } of besideImage(prefixes))
    await journal.add({ kind: "image", name, existed: false });
  const item = image.there === 0 ? "image" : "image's missing layers";
  const total = prefixes.reduce((sum, prefix) => sum + bytesToLoad(prefix), 0);
  const count = countBytes(item, total, options.onProgress);
  const archives = prefixes.map(
    (prefix): Archive =>
      (hold) =>
        counted(loadArchive(bundle, prefix, { ...options, hold }), count),
  );
  await loadInTurn(engine, archives, options);
}

/** Their layers stay as those of the image. That it fails is a warning: what is undone is undone by the journal. */
async function removeBeside(
  { engine }: Loading,
  prefixes: readonly ImageToLoad[],
  { onProgress }: WorkOptions,
): Promise<void> {
  for (const { name } of besideImage(prefixes)) {
    try {
      await engine.removeImage(name);
    } catch (error) {
      const text = `An image that is not needed any more is still there: ${messageOf(error)}`;
      onProgress?.({ kind: "warning", text });
    }
  }
}

/** All prefixes but the last, which is the image itself. */
function besideImage(prefixes: readonly ImageToLoad[]): readonly ImageToLoad[] {
  return prefixes.slice(0, -1);
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

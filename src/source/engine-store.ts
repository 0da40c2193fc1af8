import { posix } from "node:path";
import { buffer } from "node:stream/consumers";
import { EngineError, SourceError } from "../core/errors.ts";
import { giveBackPiece } from "../core/give-back.ts";
import type { WorkOptions } from "../core/progress.ts";
import { type ReadTarEntry, TarError, readTar } from "../core/tar.ts";
import type { StoreLocation } from "../definition/store-location.ts";
import type { Engine } from "../engine/engine.ts";
import type { StagingVolume } from "../staging/staging-volume.ts";
import type { WantedContent } from "../staging/wanted-content.ts";
import { describeLeftAlone } from "./left-alone.ts";
import {
  MAX_MANIFEST,
  type ModelStore,
  PULL_AGAIN,
  type StoreEntry,
  blobPath,
} from "./model-store.ts";
import { VOLUME_PATH, createVolumeReader } from "../engine/volume-reader.ts";

/** More than any store has. */
const MAX_ENTRIES = 100_000;

export interface EngineStoreOptions extends WorkOptions {
  readonly engine: Engine;
  readonly volume: StagingVolume;
}

/** A store as the engine's archive API shows it. */
interface Place {
  readonly engine: Engine;
  readonly container: string;
  /** The store's directory in the container. */
  readonly directory: string;
  /** For messages: `the volume "ollama"`. */
  readonly label: string;
}

/**
 * A store in a Docker volume, or in a container that may run or not, read as the engine streams it. Blobs are brought into the
 * staging volume. What is beside the store is never asked for. Throws {@link EngineError} `NOT_FOUND` where there is no such
 * volume or container, {@link SourceError} `STORE_INVALID` where it has no store.
 */
export async function openEngineStore(
  { kind, name }: StoreLocation,
  { engine, volume, ...options }: EngineStoreOptions,
): Promise<ModelStore & AsyncDisposable> {
  const label = `the ${kind} "${name}"`;
  await using stack = new AsyncDisposableStack();
  const { container, directories } =
    kind === "container"
      ? { container: name, directories: await directoriesIn(engine, name) }
      : {
          container: stack.use(await createVolumeReader(engine, name, options)).container,
          directories: [`${VOLUME_PATH}/models`, VOLUME_PATH],
        };
  const store = await openContainerStore(
    { engine, container, label, directories },
    { volume, ...options },
  );
  const owned = stack.move();
  return { ...store, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A store in one of some directories of a container, which stays as it is. Throws {@link SourceError} `STORE_INVALID`. */
export async function openContainerStore(
  { directories, ...at }: Omit<Place, "directory"> & { readonly directories: readonly string[] },
  { volume, ...options }: Omit<EngineStoreOptions, "engine">,
): Promise<ModelStore> {
  const { label } = at;
  const { place, files } = await findStore(at, directories, options);
  const leftAlone = describeLeftAlone(label, files);
  if (leftAlone !== undefined) options.onProgress?.({ kind: "warning", text: leftAlone });
  return {
    label,
    files,
    readManifest: (path, work) => readManifest(place, path, work),
    missingBytes: (blob) => volume.missingBytes(blob),
    stageBlob: (wanted, work) =>
      volume.receive(
        { ...wanted, label: `"${blobPath(wanted)}" of ${label}, ${wanted.label}` },
        () => blobContent(place, wanted, work),
        work,
      ),
  };
}

/** Where the Ollama in a container keeps its models. */
async function directoriesIn(engine: Engine, name: string): Promise<string[]> {
  const container = await engine.container(name);
  if (container === undefined) {
    throw new EngineError(
      "NOT_FOUND",
      `Cannot read the container "${name}": the engine at ${engine.address} has none of that name`,
      { hint: "List them with `docker ps --all`." },
    );
  }
  const valueOf = (variable: string): string | undefined =>
    container.env?.findLast((line) => line.startsWith(`${variable}=`))?.slice(variable.length + 1);
  const models = valueOf("OLLAMA_MODELS");
  return models ? [models] : [`${valueOf("HOME") ?? "/root"}/.ollama/models`];
}

/** The first of the directories that has manifests, and what lies below them. */
async function findStore(
  at: Omit<Place, "directory">,
  directories: readonly string[],
  options: WorkOptions,
): Promise<{ readonly place: Place; readonly files: readonly StoreEntry[] }> {
  for (const directory of directories) {
    const place = { ...at, directory };
    const files = await manifestFiles(place, options);
    if (files !== undefined) return { place, files };
  }
  const where = directories.map((directory) => `"${directory}/manifests"`).join(" nor ");
  throw new SourceError(
    "STORE_INVALID",
    `Cannot use ${at.label} as a model store: there is no directory ${where} in it`,
    { hint: "Name the volume or container in which Ollama keeps its models." },
  );
}

/** Undefined where there is no such directory. */
async function manifestFiles(
  place: Place,
  options: WorkOptions,
): Promise<readonly StoreEntry[] | undefined> {
  const files: StoreEntry[] = [];
  let isThere = false;
  for await (const { path, type } of entriesOf(place, "manifests", options)) {
    isThere = true;
    if (type === "directory") continue;
    files.push({ path: posix.normalize(path), isLink: type === "symlink" });
    if (files.length > MAX_ENTRIES)
      throw unreadable(place, "manifests", `it has more than ${MAX_ENTRIES} files`);
  }
  return isThere ? files : undefined;
}

async function readManifest(place: Place, path: string, options: WorkOptions): Promise<Buffer> {
  const isUsable = (size: number): boolean => size <= MAX_MANIFEST;
  const content = fileContent({ place, path, isUsable, expected: "a manifest" }, options);
  return await buffer(content);
}

async function* blobContent(
  place: Place,
  { sha256, size: wanted }: WantedContent,
  options: WorkOptions,
): AsyncGenerator<Uint8Array> {
  const isUsable = (size: number): boolean => size === wanted;
  const file = { place, path: blobPath({ sha256 }), isUsable, expected: String(wanted) };
  for await (const bytes of fileContent(file, options)) {
    yield bytes;
    giveBackPiece(bytes);
  }
}

interface WantedFile {
  readonly place: Place;
  readonly path: string;
  readonly isUsable: (size: number) => boolean;
  /** What a size should be, for messages. */
  readonly expected: string;
}

async function* fileContent(
  { place, path, isUsable, expected }: WantedFile,
  options: WorkOptions,
): AsyncGenerator<Uint8Array> {
  for await (const { type, size, content } of entriesOf(place, path, options)) {
    if (type === "symlink") throw unreadable(place, path, "it is a link");
    if (type !== "file") throw unreadable(place, path, "it is not a regular file");
    if (!isUsable(size))
      throw unreadable(place, path, `it has ${size} bytes, expected ${expected}`);
    try {
      yield* content;
    } catch (error) {
      throw explained(error, place, path);
    }
    return;
  }
  throw unreadable(place, path, "there is no such file");
}

/** Nothing where there is nothing at this path of the store. */
async function* entriesOf(
  place: Place,
  path: string,
  { signal }: WorkOptions,
): AsyncGenerator<ReadTarEntry> {
  const { engine, container, directory } = place;
  const tar = await engine.getArchive({ container, path: `${directory}/${path}` }, { signal });
  if (tar === undefined) return;
  try {
    yield* readTar(tar, { signal });
  } catch (error) {
    throw explained(error, place, path);
  }
}

function explained(error: unknown, place: Place, path: string): unknown {
  return error instanceof TarError
    ? unreadable(place, path, `what the engine sent of it is cut off, or no tar (${error.message})`)
    : error;
}

function unreadable({ label }: Place, path: string, found: string): SourceError {
  return new SourceError("INCOMPLETE", `Cannot use "${path}" of ${label}: ${found}`, {
    hint: PULL_AGAIN,
  });
}

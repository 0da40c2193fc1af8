import { eachAtOnce } from "../core/each-at-once.ts";
import { SourceError } from "../core/errors.ts";
import { type ModelName, displayModelName, fullModelName } from "../core/model-name.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { StagedFile } from "../staging/staged-file.ts";
import type { StagingOptions } from "../staging/staging-volume.ts";
import { missingBytesOf } from "./missing-bytes.ts";
import { blobsOf, parseModelManifest } from "./model-manifest.ts";
import { type ModelStore, PULL_AGAIN, modelAt } from "./model-store.ts";
import type { NamedBlob } from "./registry-models.ts";
import type { ModelSource, ResolvedModel, StagedModel } from "./source.ts";
import { stagedBlobCounter } from "./staged-blob-counter.ts";

const LISTED = 20;

/** Blobs that are being hashed: a small one takes less time in a worker than the look at its record and its lock. */
const AT_ONCE = 4;

export interface StoreModelContext {
  readonly store: ModelStore;
  readonly elsewhere: BlobsElsewhere;
}

/** Where a blob comes from that the store has not, or not right. */
export interface BlobsElsewhere {
  fetchBlob(named: NamedBlob, options: StagingOptions): Promise<StagedFile>;
  /** For messages, after what is wrong with the blob: `It was fetched from the registry instead`. */
  readonly whenFetched: string;
  /** The same, before why it cannot be fetched: `it cannot be had from the registry`. */
  readonly whenNot: string;
  /** What else to do: `Or run this where the registry can be reached.` */
  readonly hint: string;
}

/**
 * Models from an existing store. Only blobs that a manifest names are touched; one that is missing or not what its name says is
 * fetched from elsewhere, with a warning. Names match without regard to case, as in Ollama.
 */
export function createStoreModelSource(context: StoreModelContext): ModelSource {
  return {
    resolve: (name, options) => resolveInStore(context, name, options),
    stage: (resolved, options) => stageFromStore(context, resolved, options),
  };
}

async function resolveInStore(
  context: StoreModelContext,
  wanted: ModelName,
  options: WorkOptions,
): Promise<ResolvedModel> {
  const { store } = context;
  const { name, path } = findModel(store, wanted);
  const manifestBytes = await store.readManifest(path, options);
  const manifest = parseModelManifest(manifestBytes, fullModelName(name), PULL_AGAIN);
  const config =
    manifest.config && (await stageBlob(context, { name, blob: manifest.config }, options));
  const missingBytes = await missingBytesOf(blobsOf(manifest), store, options);
  return { name, manifestBytes, manifest, config, missingBytes };
}

async function stageFromStore(
  context: StoreModelContext,
  { name, manifestBytes, manifest }: ResolvedModel,
  options: WorkOptions,
): Promise<StagedModel> {
  const wanted = blobsOf(manifest);
  const onBytes = stagedBlobCounter(fullModelName(name), wanted, options.onProgress);
  const blobs = await eachAtOnce(wanted, { atOnce: AT_ONCE, ...options }, (blob, signal) =>
    stageBlob(context, { name, blob }, { ...options, signal, onBytes }),
  );
  return { name, manifestBytes, manifest, blobs };
}

async function stageBlob(
  { store, elsewhere }: StoreModelContext,
  named: NamedBlob,
  options: StagingOptions,
): Promise<StagedFile> {
  const { sha256, size } = named.blob;
  const label = `blob of "${fullModelName(named.name)}"`;
  const onBytes = countedOnce(options.onBytes);
  try {
    const wanted = { sha256, size, label, asModelBlob: true };
    return await store.stageBlob(wanted, { ...options, onBytes: onBytes() });
  } catch (problem) {
    if (!isOfBlob(problem)) throw problem;
    const fetched = await fetchInstead(problem, elsewhere, () =>
      elsewhere.fetchBlob(named, { ...options, onBytes: onBytes() }),
    );
    const text = `${problem.message}. ${elsewhere.whenFetched}`;
    options.onProgress?.({ kind: "warning", text });
    return fetched;
  }
}

function isOfBlob(error: unknown): error is SourceError {
  return error instanceof SourceError && ["INCOMPLETE", "WRONG_CONTENT"].includes(error.code);
}

async function fetchInstead(
  problem: SourceError,
  { whenNot, hint }: BlobsElsewhere,
  fetch: () => Promise<StagedFile>,
): Promise<StagedFile> {
  try {
    return await fetch();
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    throw new SourceError(problem.code, `${problem.message}; and ${whenNot}: ${error.message}`, {
      cause: problem,
      hint: `${problem.hint ?? PULL_AGAIN} ${hint}`,
    });
  }
}

/** For a second try at the same content: bytes that were told of before are not told of again. */
function countedOnce(tell: ((bytes: number) => void) | undefined): () => (bytes: number) => void {
  let told = 0;
  return () => {
    let done = 0;
    return (bytes) => {
      done += bytes;
      if (done <= told) return;
      tell?.(done - told);
      told = done;
    };
  };
}

/** The model as the store spells it. */
function findModel(
  store: ModelStore,
  wanted: ModelName,
): { readonly name: ModelName; readonly path: string } {
  const models = store.files.flatMap(({ path }) => {
    const name = modelAt(path);
    return name === undefined ? [] : [{ name, path }];
  });
  const full = fullModelName(wanted);
  const found =
    models.find(({ name }) => fullModelName(name) === full) ??
    models.find(({ name }) => fullModelName(name).toLowerCase() === full.toLowerCase());
  if (found !== undefined) return found;
  throw notInStore(store, full, models.map(({ name }) => displayModelName(name)).toSorted());
}

function notInStore(store: ModelStore, wanted: string, names: readonly string[]): SourceError {
  const listed =
    names.slice(0, LISTED).join(", ") +
    (names.length > LISTED ? ` and ${names.length - LISTED} more` : "");
  const found = names.length === 0 ? "it has no models" : `it has ${listed}`;
  return new SourceError(
    "NOT_FOUND",
    `Cannot find the model "${wanted}" in ${store.label}: ${found}`,
    {
      hint: "Pull it there first with `ollama pull`, or name another store with --from-store.",
    },
  );
}

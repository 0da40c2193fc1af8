import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { HostError, SourceError, hasCode, messageOf } from "../core/errors.ts";
import {
  type ModelName,
  displayModelName,
  fullModelName,
  isValidModelName,
  manifestPath,
} from "../core/model-name.ts";
import type { WorkOptions } from "../core/progress.ts";
import { readSmallFile } from "../core/read-small-file.ts";
import type { StagedFile } from "../staging/staged-file.ts";
import type { StagingOptions, StagingVolume } from "../staging/staging-volume.ts";
import { eachAtOnce } from "./each-at-once.ts";
import { type ModelLayerEntry, blobsOf, parseModelManifest } from "./model-manifest.ts";
import type { ModelSource, ResolvedModel, StagedModel } from "./source.ts";
import { stagedBlobCounter } from "./staged-blob-counter.ts";

/** Far more than any manifest takes: one with 100,000 layers. */
const MAX_MANIFEST = 32 * 1024 * 1024;
const LISTED = 20;
const PULL_AGAIN =
  "Pull the model there again with `ollama pull`, or name another store with --from-store.";

/** Blobs that are being hashed: a small one takes less time in a worker than the look at its record and its lock. */
const AT_ONCE = 4;

interface StoreContext {
  /** The directory that has `blobs/` and `manifests/`. */
  readonly store: string;
  readonly volume: StagingVolume;
}

/**
 * Models from an existing store on disk (OLLAMA_MODELS: `blobs/` and `manifests/`). Its blobs are hashed where they lie and never
 * copied or changed; only those that a manifest names are touched. Names match without regard to case, as in Ollama.
 */
export function createStoreModelSource({ store, volume }: StoreContext): ModelSource {
  return {
    resolve: (name, options) => resolveInStore({ store, volume }, name, options),
    stage: (resolved, options) => stageFromStore({ store, volume }, resolved, options),
  };
}

async function resolveInStore(
  { store, volume }: StoreContext,
  wanted: ModelName,
  options: WorkOptions,
): Promise<ResolvedModel> {
  const name = await findModel(store, wanted);
  const manifestBytes = await readManifest(join(store, manifestPath(name)));
  const manifest = parseModelManifest(manifestBytes, fullModelName(name), PULL_AGAIN);
  const config =
    manifest.config &&
    (await adoptBlob({ store, volume }, { name, blob: manifest.config }, options));
  return { name, manifestBytes, manifest, config, missingBytes: 0 };
}

async function readManifest(path: string): Promise<Buffer> {
  try {
    const bytes = await readSmallFile(path, MAX_MANIFEST);
    if (bytes.length <= MAX_MANIFEST) return bytes;
  } catch (cause) {
    const message = `Cannot read the manifest "${path}": ${messageOf(cause)}`;
    if (hasCode(cause, "EACCES", "EPERM")) throw new HostError("NO_RIGHTS", message, { cause });
    throw new SourceError("STORE_INVALID", message, {
      cause,
      hint: PULL_AGAIN,
    });
  }
  throw new SourceError(
    "STORE_INVALID",
    `Cannot read the manifest "${path}": it is too large for one`,
  );
}

async function stageFromStore(
  context: StoreContext,
  { name, manifestBytes, manifest }: ResolvedModel,
  options: WorkOptions,
): Promise<StagedModel> {
  const wanted = blobsOf(manifest);
  const onBytes = stagedBlobCounter(fullModelName(name), wanted, options.onProgress);
  const blobs = await eachAtOnce(wanted, { atOnce: AT_ONCE, ...options }, (blob, signal) =>
    adoptBlob(context, { name, blob }, { ...options, signal, onBytes }),
  );
  return { name, manifestBytes, manifest, blobs };
}

function adoptBlob(
  { store, volume }: StoreContext,
  { name, blob: { sha256, size } }: { readonly name: ModelName; readonly blob: ModelLayerEntry },
  options: StagingOptions,
): Promise<StagedFile> {
  const path = join(store, "blobs", `sha256-${sha256}`);
  return volume.adopt(
    path,
    { sha256, size, label: `blob of "${fullModelName(name)}"`, asModelBlob: true },
    options,
  );
}

/** The model as the store spells it. */
async function findModel(store: string, wanted: ModelName): Promise<ModelName> {
  let directory = join(store, "manifests");
  const parts: string[] = [];
  for (const part of [wanted.host, wanted.namespace, wanted.model, wanted.tag]) {
    const names = await namesIn(directory, store);
    const found =
      names.find((name) => name === part) ??
      names.find((name) => name.toLowerCase() === part.toLowerCase());
    if (found === undefined) throw await notInStore(store, wanted);
    parts.push(found);
    directory = join(directory, found);
  }
  const [host = "", namespace = "", model = "", tag = ""] = parts;
  return { host, namespace, model, tag };
}

async function namesIn(directory: string, store: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (hasCode(error, "EACCES", "EPERM"))
      throw new HostError("NO_RIGHTS", `Cannot read the store "${store}": ${messageOf(error)}`, {
        cause: error,
      });
    if (!hasCode(error, "ENOENT", "ENOTDIR")) throw error;
    throw new SourceError(
      "STORE_INVALID",
      `Cannot use "${store}" as a model store: there is no directory "${directory}"`,
      {
        hint: "Name the directory that has blobs/ and manifests/: OLLAMA_MODELS, else ~/.ollama/models of the user that runs Ollama.",
        cause: error,
      },
    );
  }
}

async function notInStore(store: string, wanted: ModelName): Promise<SourceError> {
  const names = await listModels(store);
  const listed =
    names.slice(0, LISTED).join(", ") +
    (names.length > LISTED ? ` and ${names.length - LISTED} more` : "");
  const found = names.length === 0 ? "it has no models" : `it has ${listed}`;
  return new SourceError(
    "NOT_FOUND",
    `Cannot find the model "${fullModelName(wanted)}" in the store "${store}": ${found}`,
    {
      hint: "Pull it there first with `ollama pull`, or name another store with --from-store.",
    },
  );
}

/** Every model of the store as people call it. What is no model (`.DS_Store`, `._latest`) has no valid name. */
async function listModels(store: string): Promise<string[]> {
  const entries = await readdir(join(store, "manifests"), { recursive: true });
  return entries
    .map((path) => path.split(/[\\/]/))
    .filter((parts) => parts.length === 4)
    .map(([host = "", namespace = "", model = "", tag = ""]) => ({ host, namespace, model, tag }))
    .filter(isValidModelName)
    .map(displayModelName)
    .toSorted();
}

import type { ModelName } from "../core/model-name.ts";
import { isValidModelName } from "../core/model-name.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { StagedFile } from "../staging/staged-file.ts";
import type { StagingOptions } from "../staging/staging-volume.ts";
import type { WantedContent } from "../staging/wanted-content.ts";

/**
 * An existing Ollama store (OLLAMA_MODELS: `blobs/` and `manifests/`), of which nothing is ever changed, and nothing read but
 * manifests and the blobs that they name. Errors about one of its files are {@link SourceError}s that name the file.
 */
export interface ModelStore {
  /** For messages: `the store "/srv/models"`. */
  readonly label: string;
  /** Everything below `manifests/` that is no directory. */
  readonly files: readonly StoreEntry[];
  /** `path` is relative to the store. */
  readManifest(path: string, options: WorkOptions): Promise<Buffer>;
  /** Bytes of this blob that will have to be brought into the staging volume, as far as that is known without reading. */
  missingBytes(blob: Pick<WantedContent, "sha256" | "size">): Promise<number>;
  /** The blob, hashed. Throws {@link SourceError} `INCOMPLETE` or `WRONG_CONTENT` where it is not there, or not right. */
  stageBlob(wanted: WantedContent, options: StagingOptions): Promise<StagedFile>;
}

export interface StoreEntry {
  /** Relative to the store, with slashes. */
  readonly path: string;
  readonly isLink: boolean;
}

/** Far more than any manifest takes: one with 100,000 layers. Bytes. */
export const MAX_MANIFEST = 32 * 1024 * 1024;

export const PULL_AGAIN =
  "Pull the model there again with `ollama pull`, or name another store with --from-store.";

export const NO_STORE_HINT =
  "Name the directory that has blobs/ and manifests/: OLLAMA_MODELS, else ~/.ollama/models of the user that runs Ollama.";

/** The model whose manifest lies at this path; undefined for `.DS_Store`, `._latest` and whatever else is no manifest. */
export function modelAt(path: string): ModelName | undefined {
  const [top, host = "", namespace = "", model = "", tag = "", ...more] = path.split("/");
  const name = { host, namespace, model, tag };
  return top === "manifests" && more.length === 0 && isValidModelName(name) ? name : undefined;
}

/** Where a store has a blob, relative to it. */
export function blobPath({ sha256 }: Pick<WantedContent, "sha256">): string {
  return `blobs/sha256-${sha256}`;
}

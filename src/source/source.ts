import type { ModelName } from "../core/model-name.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { StagedFile } from "../staging/staged-file.ts";
import type { ModelManifest } from "./model-manifest.ts";

/**
 * Where images or models come from. `resolve` finds out what there is without fetching more than a model's config, so that a
 * plan can be made from it; `stage` brings that very content into the staging volume, every byte of it hashed. Errors are
 * {@link SourceError} or {@link EngineError}, and name the model, image or blob.
 */
export interface Source<Wanted, Resolved, Staged> {
  resolve(wanted: Wanted, options: WorkOptions): Promise<Resolved>;
  stage(resolved: Resolved, options: WorkOptions): Promise<Staged>;
}

export type ModelSource = Source<ModelName, ResolvedModel, StagedModel>;
export type ImageSource = Source<WantedImage, ResolvedImage, StagedImage>;

/** Images of one file or directory, where only the platform is still open. */
export type FileSource<Resolved extends ResolvedImage> = Source<
  Pick<WantedImage, "platform">,
  Resolved,
  StagedImage
>;

/** A model as its source has it at this moment. */
export interface ResolvedModel {
  readonly name: ModelName;
  /** The manifest's bytes as the source gave them: their sha256 is what Ollama reports as the model's digest. */
  readonly manifestBytes: Buffer;
  readonly manifest: ModelManifest;
  /** The blob that says what kind of model it is, some hundred bytes; nearly every model has one. */
  readonly config?: StagedFile | undefined;
  /** Bytes of its blobs that the staging volume does not have yet. */
  readonly missingBytes: number;
}

export interface StagedModel {
  readonly name: ModelName;
  readonly manifestBytes: Buffer;
  readonly manifest: ModelManifest;
  /** Every blob that the manifest names, each once, in the manifest's order. */
  readonly blobs: readonly StagedFile[];
}

export interface WantedImage {
  /** Fully qualified: `docker.io/ollama/ollama:latest`. */
  readonly reference: string;
  /** `linux/amd64` */
  readonly platform: string;
}

export interface ResolvedImage {
  readonly reference: string;
  readonly platform: string;
  /**
   * What names these very bytes at the source: the engine's image id, or a registry's manifest digest. Missing for an image
   * that an engine is yet to pull.
   */
  readonly identity?: string | undefined;
  /** What a registry calls the image, `sha256:<hex>`, where that is known. */
  readonly sourceDigest?: string | undefined;
  /** Bytes as the source states them, about what the image will take in a bundle; missing where it does not say. */
  readonly statedSize?: number | undefined;
  /** Bytes of it that the staging volume does not have yet, as far as that is known. */
  readonly missingBytes?: number | undefined;
  /** What it is made of, where that is known before it is staged. */
  readonly content?:
    | { readonly configDigest?: string | undefined; readonly diffIds: readonly string[] }
    | undefined;
}

/** An image in one form whatever the source gave: config untouched, layers uncompressed and named by diff_id. */
export interface StagedImage {
  readonly reference: string;
  readonly platform: string;
  readonly sourceDigest?: string | undefined;
  readonly config: StagedFile;
  /** In the order of the config's `rootfs.diff_ids`; a layer that repeats is there again. */
  readonly layers: readonly StagedFile[];
}

import { readFile } from "node:fs/promises";
import { decodeJson } from "../go/decode-json.ts";
import { isNotFound } from "../go/system-error.ts";
import { existingName } from "./list-manifests.ts";
import { blobFile, type Layer, type Manifest, readManifest } from "./manifest.ts";
import type { ModelName } from "./model-name.ts";

/** A model with everything but its weights read. */
export interface Model {
  readonly name: ModelName;
  readonly manifest: Manifest;
  readonly config: ModelConfig;
  readonly weightsFile: string | undefined;
  readonly weightsDigest: string | undefined;
  readonly parentModel: string;
  readonly template: string;
  readonly system: string;
  readonly licenses: readonly string[];
  readonly params: Readonly<Record<string, unknown>>;
}

export interface ModelConfig {
  readonly model_format?: string;
  readonly model_family?: string;
  readonly model_families?: readonly string[] | null;
  readonly model_type?: string;
  readonly file_type?: string;
  readonly requires?: string;
  readonly remote_host?: string;
  readonly remote_model?: string;
}

const DEFAULT_TEMPLATE = "{{ .Prompt }}";

/**
 * Opens a model; undefined where its manifest or one of its small blobs is not
 * there, which Ollama cannot tell apart.
 */
export async function openModel(store: string, asked: ModelName): Promise<Model | undefined> {
  const name = await existingName(store, asked);
  if (name === undefined) return undefined;
  const manifest = await readManifest(store, name);
  try {
    return await readModel(store, manifest);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export async function readConfig(store: string, { config }: Manifest): Promise<ModelConfig> {
  if (config === undefined) return {};
  return decodeJson(await readFile(blobFile(store, config.digest), "utf8")) as ModelConfig;
}

async function readModel(store: string, manifest: Manifest): Promise<Model> {
  const texts = (kind: string) =>
    Promise.all(
      layersOf(manifest, kind).map((layer) => readFile(blobFile(store, layer.digest), "utf8")),
    );
  const [weights] = layersOf(manifest, "model");
  const [params] = await texts("params");
  return {
    name: manifest.name,
    manifest,
    config: await readConfig(store, manifest),
    weightsFile: weights && blobFile(store, weights.digest),
    weightsDigest: weights?.digest.replace("-", ":"),
    parentModel: weights?.from ?? "",
    template: (await texts("template")).at(-1) ?? DEFAULT_TEMPLATE,
    system: (await texts("system")).at(-1) ?? "",
    licenses: await texts("license"),
    params: params === undefined ? {} : (decodeJson(params) as Record<string, unknown>),
  };
}

function layersOf(manifest: Manifest, kind: string): readonly Layer[] {
  return manifest.layers.filter(
    (layer) => layer.mediaType === `application/vnd.ollama.image.${kind}`,
  );
}

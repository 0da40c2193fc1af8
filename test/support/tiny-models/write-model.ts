import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { modelConfig } from "./model-config.ts";
import { modelFile } from "./model-file.ts";
import type { ModelSpec } from "./model-spec.ts";
import {
  blobPath,
  type Descriptor,
  MEDIA_TYPE,
  writeBlob,
  writeSmallBlob,
} from "./store-writer.ts";
import { tensorLayers } from "./tensor-layers.ts";
import { CHAT_TEMPLATE, LICENSE } from "./texts.ts";

/** A file of the store, its path relative to the store. */
export interface StoreFile {
  readonly path: string;
  readonly sha256: string;
}

export interface WrittenModel {
  /** As Ollama shows it: "tiny:latest". */
  readonly name: string;
  readonly manifest: StoreFile;
  /** The sum of the sizes that the manifest names: what `/api/tags` reports. */
  readonly size: number;
  /** Every file of the model, the manifest included. */
  readonly files: readonly StoreFile[];
}

/** Writes one model into a store, in place of one of the same name. */
export async function writeModel(store: string, spec: ModelSpec): Promise<WrittenModel> {
  const layers = (await modelLayers(store, spec)).map((layer) =>
    spec.from === undefined ? layer : withFrom(layer, spec.from),
  );
  const config = writeSmallBlob(
    store,
    MEDIA_TYPE.config,
    `${JSON.stringify(modelConfig(spec, layers))}\n`,
  );
  const manifest = writeManifest(store, spec, { config, layers });
  const descriptors = [config, ...layers];
  return {
    name: shownName(spec),
    manifest,
    size: descriptors.reduce((sum, descriptor) => sum + descriptor.size, 0),
    files: [...descriptors.map(blobFile), manifest],
  };
}

async function modelLayers(store: string, spec: ModelSpec): Promise<Descriptor[]> {
  if (spec.remote !== undefined) return [];
  const text = (mediaType: string, content: string) => writeSmallBlob(store, mediaType, content);
  const { template = spec.kind === "bert" ? undefined : CHAT_TEMPLATE } = spec;
  const { license = LICENSE } = spec;
  return [
    ...(await weightLayers(store, spec)),
    ...(template === undefined ? [] : [text(MEDIA_TYPE.template, template)]),
    ...(spec.system === undefined ? [] : [text(MEDIA_TYPE.system, spec.system)]),
    ...[license].flat().map((content) => text(MEDIA_TYPE.license, content)),
    ...(spec.params === undefined
      ? []
      : [text(MEDIA_TYPE.params, `${JSON.stringify(spec.params)}\n`)]),
  ];
}

async function weightLayers(store: string, spec: ModelSpec): Promise<Descriptor[]> {
  if (spec.tensors !== undefined) return tensorLayers(store, spec.tensors, spec.seed ?? 0);
  return [await writeBlob(store, MEDIA_TYPE.model, modelFile(spec).pieces())];
}

function withFrom(layer: Descriptor, from: string): Descriptor {
  const { mediaType, digest, size, ...rest } = layer;
  return { mediaType, digest, size, from, ...rest };
}

function writeManifest(
  store: string,
  spec: ModelSpec,
  content: { readonly config: Descriptor; readonly layers: readonly Descriptor[] },
): StoreFile {
  const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPE.manifest, ...content };
  const bytes = `${JSON.stringify(manifest)}${spec.manifestEnd ?? ""}`;
  const { host = "registry.ollama.ai", namespace = "library", name, tag = "latest" } = spec;
  const file = `manifests/${host}/${namespace}/${name}/${tag}`;
  mkdirSync(path.dirname(path.join(store, file)), { recursive: true });
  writeFileSync(path.join(store, file), bytes, { mode: 0o644 });
  return { path: file, sha256: createHash("sha256").update(bytes).digest("hex") };
}

function blobFile({ digest }: Descriptor): StoreFile {
  const hex = digest.replace("sha256:", "");
  return { path: blobPath(hex), sha256: hex };
}

function shownName({ host, namespace, name, tag = "latest" }: ModelSpec): string {
  const prefix = host === undefined ? [] : [host, namespace ?? "library"];
  const path_ = host === undefined && namespace !== undefined ? [namespace] : prefix;
  return `${[...path_, name].join("/")}:${tag}`;
}

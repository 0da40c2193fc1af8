import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { decodeJson } from "../go/decode-json.ts";
import { blobFile, type Layer, namedLayers, readManifest } from "../store/manifest.ts";
import { type ModelName, pathOfName } from "../store/model-name.ts";
import { removeBlobsIfUnnamed } from "../store/prune-store.ts";
import { downloadBlob } from "./download-blob.ts";
import { type RegistryClient, registryClient } from "./registry-client.ts";

export interface PullOptions {
  readonly store: string;
  readonly insecure: boolean;
  readonly noPrune: boolean;
  readonly version: string;
  readonly signal: AbortSignal;
  readonly onStatus: (line: Readonly<Record<string, unknown>>) => void;
}

/**
 * Pulls a model as Ollama does: blobs whose files exist are never looked into,
 * and of those that were fetched only the first bad one is removed.
 */
export async function pullModel(name: ModelName, options: PullOptions): Promise<void> {
  const { store, onStatus } = options;
  onStatus({ status: "pulling manifest" });
  const registry = registryClient(name, options);
  const { text, layers } = await fetchManifest(registry);
  await mkdir(path.join(store, "blobs"), { recursive: true });
  const fetched: Layer[] = [];
  for (const layer of layers) {
    if (await pullLayer(registry, layer, options)) fetched.push(layer);
  }
  onStatus({ status: "verifying sha256 digest" });
  for (const layer of fetched) await verify(store, layer);
  onStatus({ status: "writing manifest" });
  await replaceManifest(name, text, options);
  onStatus({ status: "success" });
}

async function fetchManifest(
  registry: RegistryClient,
): Promise<{ readonly text: string; readonly layers: readonly Layer[] }> {
  try {
    const text = await registry.manifest();
    const { config, layers = [] } = decodeJson(text) as {
      readonly config?: Layer;
      readonly layers?: readonly Layer[];
    };
    return { text, layers: config?.digest ? [...layers, config] : layers };
  } catch (error) {
    throw new Error(`pull model manifest: ${(error as Error).message}`, { cause: error });
  }
}

/** Whether the blob had to be fetched. */
async function pullLayer(
  registry: RegistryClient,
  { digest, size }: Layer,
  { store, signal, onStatus }: PullOptions,
): Promise<boolean> {
  const status = `pulling ${digest.slice("sha256:".length, "sha256:".length + 12)}`;
  const file = blobFile(store, digest);
  if (await exists(file)) {
    onStatus({ status, digest, total: size, completed: size });
    return false;
  }
  const onProgress = (completed: number, total: number) =>
    onStatus({ status, digest, total, completed });
  await downloadBlob(registry, { digest, file, signal, onProgress });
  return true;
}

async function verify(store: string, { digest }: Layer): Promise<void> {
  const file = blobFile(store, digest);
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  const actual = `sha256:${hash.digest("hex")}`;
  if (actual === digest) return;
  await rm(file);
  throw new Error(`digest mismatch, file must be downloaded again: want ${digest}, got ${actual}`);
}

async function replaceManifest(
  name: ModelName,
  text: string,
  { store, noPrune }: PullOptions,
): Promise<void> {
  const replaced = await readManifest(store, name).catch(() => undefined);
  const file = path.join(store, "manifests", pathOfName(name));
  const before = await readFile(file, "utf8").catch(() => undefined);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text, { mode: 0o644 });
  if (noPrune || replaced === undefined || before === text) return;
  const digests = namedLayers(replaced).map((layer) => layer.digest);
  await removeBlobsIfUnnamed(store, digests).catch(() => {});
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

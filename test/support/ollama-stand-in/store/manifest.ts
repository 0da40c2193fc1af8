import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { decodeJson } from "../go/decode-json.ts";
import { rfc3339Nano } from "../go/rfc3339-nano.ts";
import { type ModelName, pathOfName } from "./model-name.ts";

export interface Layer {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly from?: string;
}

/** A manifest file as read. */
export interface Manifest {
  readonly name: ModelName;
  readonly config: Layer | undefined;
  readonly layers: readonly Layer[];
  /** sha256 of the file's bytes, 64 hex digits. */
  readonly digest: string;
  /** The sum of all sizes that it states. */
  readonly size: number;
  readonly modifiedAt: Date;
  /** The same to the nanosecond, as answers have it. */
  readonly modifiedAtText: string;
}

/** Throws Go's complaint where the file holds no JSON. */
export async function readManifest(store: string, name: ModelName): Promise<Manifest> {
  const file = path.join(store, "manifests", pathOfName(name));
  const bytes = await readFile(file);
  const { mtimeNs } = await stat(file, { bigint: true });
  const { config, layers = [] } = decodeJson(bytes.toString("utf8")) as ManifestJson;
  const named = config?.digest ? [config, ...layers] : layers;
  return {
    name,
    config: config?.digest ? config : undefined,
    layers,
    digest: createHash("sha256").update(bytes).digest("hex"),
    size: named.reduce((sum, layer) => sum + layer.size, 0),
    modifiedAt: new Date(Number(mtimeNs / 1_000_000n)),
    modifiedAtText: rfc3339Nano(mtimeNs),
  };
}

/** Every blob that the manifest names. */
export function namedLayers({ config, layers }: Manifest): readonly Layer[] {
  return config === undefined ? layers : [config, ...layers];
}

/** Where the blob of a digest lies; only the dash form is a file's name. */
export function blobFile(store: string, digest: string): string {
  return path.join(store, "blobs", digest.replace(":", "-"));
}

interface ManifestJson {
  readonly config?: Layer;
  readonly layers?: readonly Layer[];
}

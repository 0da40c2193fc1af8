import { z } from "zod";
import { hexOfDigest } from "../core/digest.ts";
import { SourceError } from "../core/errors.ts";
import { jsonOrUndefined } from "../core/json-or-undefined.ts";

const layer = z.object({
  mediaType: z.string(),
  digest: z.string(),
  size: z.int().nonnegative(),
  /** In locally created models: the model, or the path on that machine, that the layer came from. */
  from: z.string().optional(),
});

const manifestShape = z.object({
  schemaVersion: z.literal(2),
  config: layer.optional(),
  layers: z.array(layer).nullable().default([]),
});

export interface ModelLayerEntry {
  readonly mediaType: string;
  /** sha256 of the blob, hex. */
  readonly sha256: string;
  readonly size: number;
  readonly from?: string | undefined;
}

/** An Ollama model's manifest (`manifest/manifest.go` of Ollama): a Docker image manifest, schema 2, with its own media types. */
export interface ModelManifest {
  readonly config?: ModelLayerEntry | undefined;
  readonly layers: readonly ModelLayerEntry[];
}

export const MANIFEST_MEDIA_TYPE = "application/vnd.docker.distribution.manifest.v2+json";

/** Reads a manifest. `model` and `hint` are only for messages. Throws {@link SourceError}. */
export function parseModelManifest(bytes: Buffer, model: string, hint?: string): ModelManifest {
  const unreadable = (what: string): SourceError =>
    new SourceError("BAD_ANSWER", `Cannot read the manifest of "${model}": ${what}`, {
      ...(hint !== undefined && { hint }),
    });
  const json = jsonOrUndefined(bytes);
  if (json === undefined) throw unreadable(`${whatElse(bytes)}, expected a manifest (JSON)`);
  const parsed = manifestShape.safeParse(json);
  if (!parsed.success) throw unreadable(z.prettifyError(parsed.error));
  const entry = ({ digest, ...rest }: z.infer<typeof layer>): ModelLayerEntry => {
    const sha256 = hexOfDigest(digest);
    if (sha256 !== undefined) return { ...rest, sha256 };
    throw unreadable(`${JSON.stringify(digest)} is not a sha256 digest`);
  };
  const { config, layers } = parsed.data;
  return { config: config && entry(config), layers: (layers ?? []).map(entry) };
}

/** What a manifest names, config included, each blob once. */
export function blobsOf({ config, layers }: ModelManifest): ModelLayerEntry[] {
  const all = config === undefined ? layers : [config, ...layers];
  return [...new Map(all.map((entry) => [entry.sha256, entry])).values()];
}

/** Bytes as Ollama's /api/tags counts them: everything that the manifest names, repeats included. */
export function statedModelSize({ config, layers }: ModelManifest): number {
  return layers.reduce((sum, { size }) => sum + size, config?.size ?? 0);
}

/** What people are told of bytes that are no JSON. */
function whatElse(bytes: Buffer): string {
  if (bytes.length === 0) return "it is empty";
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return "it is compressed (gzip)";
  return /^\s*</.test(bytes.toString("utf8", 0, 100)) ? "it is a web page" : "it is no JSON";
}

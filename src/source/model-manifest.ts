import { z } from "zod";
import { hexOfDigest } from "../core/digest.ts";
import { SourceError } from "../core/errors.ts";

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

/** Reads a manifest. `model` is only for messages. Throws {@link SourceError}. */
export function parseModelManifest(bytes: Buffer, model: string): ModelManifest {
  const parsed = manifestShape.safeParse(jsonOrUndefined(bytes));
  if (!parsed.success) {
    throw new SourceError(
      "BAD_ANSWER",
      `Cannot read the manifest of "${model}": ${z.prettifyError(parsed.error)}`,
    );
  }
  const { config, layers } = parsed.data;
  return {
    config: config && checkedEntry(config, model),
    layers: (layers ?? []).map((entry) => checkedEntry(entry, model)),
  };
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

function jsonOrUndefined(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}

function checkedEntry({ digest, ...entry }: z.infer<typeof layer>, model: string): ModelLayerEntry {
  const sha256 = hexOfDigest(digest);
  if (sha256 !== undefined) return { ...entry, sha256 };
  throw new SourceError(
    "BAD_ANSWER",
    `Cannot read the manifest of "${model}": ${JSON.stringify(digest)} is not a sha256 digest`,
  );
}

import { z } from "zod";
import { sha256Hex } from "../core/digest.ts";
import { BundleError } from "../core/errors.ts";
import { jsonOrUndefined } from "../core/json-or-undefined.ts";
import { TOOL } from "../core/tool.ts";

/** Docker mounts no more layers than these; what Dockerfile.models adds on top has no content. */
export const MAX_IMAGE_LAYERS = 125;

const config = z.looseObject({
  created: z.string().optional(),
  history: z.array(z.looseObject({})).nullish(),
  rootfs: z.looseObject({ diff_ids: z.array(z.string()) }),
});

export interface AddedLayer {
  /** `sha256:<hex>` */
  readonly diffId: string;
  /** For `docker history`. */
  readonly describedAs: string;
}

/**
 * An image's config (OCI image-spec, config.md) with further layers on top; everything else is kept. The same input gives
 * the same bytes. Throws {@link BundleError} where the config is none.
 */
export function addLayers(configBytes: Buffer, layers: readonly AddedLayer[]): Buffer {
  const base = readConfig(configBytes);
  const added = layers.map(({ describedAs }) => ({
    ...(base.created !== undefined && { created: base.created }),
    created_by: describedAs,
  }));
  const diffIds = [...base.rootfs.diff_ids, ...layers.map(({ diffId }) => diffId)];
  return Buffer.from(
    JSON.stringify({
      ...base,
      history: [...(base.history ?? []), ...added],
      rootfs: { ...base.rootfs, diff_ids: diffIds },
    }),
  );
}

/**
 * The config of an image of another's first `count` layers, without their history. Its author tells it from every other: an
 * image that is loaded with it is nobody else's to lose. Throws {@link BundleError} where the config is none.
 */
export function firstLayers(configBytes: Buffer, count: number): Buffer {
  const { history: _history, ...whole } = readConfig(configBytes);
  const diffIds = whole.rootfs.diff_ids.slice(0, count);
  return json({ ...whole, author: TOOL.name, rootfs: { ...whole.rootfs, diff_ids: diffIds } });
}

/** One layer of an image, uncompressed, so that its digest is its diff_id. */
export interface LayerBlob {
  readonly diffId: string;
  /** Bytes. */
  readonly size: number;
}

/** The small files of an archive that `docker load`, old and new, and `podman load` take: everything but config and layers. */
export interface ArchiveFrame {
  readonly ociLayout: Buffer;
  readonly index: Buffer;
  /** docker's manifest.json. */
  readonly dockerManifest: Buffer;
  /** The OCI manifest; its name is its digest. */
  readonly manifest: Buffer;
}

/** Describes an image as an OCI layout with docker's manifest.json beside it, to be filed under `name`. */
export function archiveFrame(
  name: string,
  configBytes: Buffer,
  layers: readonly LayerBlob[],
): ArchiveFrame {
  const configDigest = `sha256:${sha256Hex(configBytes)}`;
  const manifest = json({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: {
      mediaType: "application/vnd.oci.image.config.v1+json",
      digest: configDigest,
      size: configBytes.length,
    },
    layers: layers.map(({ diffId, size }) => ({
      mediaType: "application/vnd.oci.image.layer.v1.tar",
      digest: diffId,
      size,
    })),
  });
  const tag = name.slice(name.lastIndexOf(":") + 1);
  const described = {
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest: `sha256:${sha256Hex(manifest)}`,
    size: manifest.length,
    // The first is the name under which containerd's importer files it, the second is OCI's.
    annotations: { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": tag },
  };
  return {
    ociLayout: json({ imageLayoutVersion: "1.0.0" }),
    index: json({ schemaVersion: 2, manifests: [described] }),
    dockerManifest: json([
      {
        Config: blobPath(configDigest),
        RepoTags: [name],
        Layers: layers.map(({ diffId }) => blobPath(diffId)),
      },
    ]),
    manifest,
  };
}

/** Where an OCI layout has a blob: `blobs/sha256/<hex>`. */
export function blobPath(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

function readConfig(bytes: Buffer): z.infer<typeof config> {
  const parsed = config.safeParse(jsonOrUndefined(bytes));
  if (parsed.success) return parsed.data;
  throw new BundleError(
    "DAMAGED",
    `Cannot load the image: its config is not acceptable: ${z.prettifyError(parsed.error)}`,
    {
      hint: "Create the bundle again.",
    },
  );
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

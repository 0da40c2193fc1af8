import {
  type ImageReference,
  fullImageReference,
  parseImageReference,
} from "../core/image-reference.ts";
import { sha256Hex } from "../core/digest.ts";
import type { StagedImage } from "../source/source.ts";
import type { StagedFile } from "../staging/staged-file.ts";
import { MANIFEST_MEDIA_TYPE, ociManifest } from "./oci-manifest.ts";
import { type PackEntry, bytesEntry, stagedEntry } from "./pack-entry.ts";

/** An image in the one form that bundles have: config untouched, layers uncompressed, an OCI manifest of our own. */
export interface LaidOutImage {
  readonly reference: string;
  /** The tag under which a stock `docker load` files it: RepoTags cannot hold a digest. */
  readonly loadTag: string;
  readonly manifest: Buffer;
  readonly configSha256: string;
  readonly layerSha256s: readonly string[];
}

/** The entries below `image/`: an OCI layout (image-spec, image-layout.md) that also has docker's manifest.json. */
export function imageEntries(
  images: readonly StagedImage[],
  laidOut: readonly LaidOutImage[],
): PackEntry[] {
  if (images.length === 0) return [];
  return [
    bytesEntry("image/oci-layout", json({ imageLayoutVersion: "1.0.0" })),
    bytesEntry("image/index.json", json({ schemaVersion: 2, manifests: laidOut.map(indexEntry) })),
    bytesEntry("image/manifest.json", json(laidOut.map(dockerEntry))),
    ...imageBlobEntries(images, laidOut),
  ];
}

/** Configs, layers and manifests, each once and sorted. */
export function imageBlobEntries(
  images: readonly StagedImage[],
  laidOut: readonly LaidOutImage[],
): PackEntry[] {
  const staged = new Map<string, StagedFile>();
  for (const { config, layers } of images)
    for (const file of [config, ...layers]) staged.set(file.sha256, file);
  const blobs = [
    ...[...staged.values()].map((file) => stagedEntry(blobPath(file.sha256), file)),
    ...laidOut.map(({ manifest }) => bytesEntry(blobPath(sha256Hex(manifest)), manifest)),
  ];
  return blobs.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** Works out an image's manifest. `bundleName` names an image whose reference has no tag. */
export function layOutImage(
  { reference, config, layers }: StagedImage,
  bundleName: string,
): LaidOutImage {
  const named = ({ sha256, size }: StagedFile) => ({ digest: `sha256:${sha256}`, size });
  const manifest = ociManifest(named(config), layers.map(named));
  return {
    reference,
    loadTag: loadTagOf(parseImageReference(reference), bundleName),
    manifest,
    configSha256: config.sha256,
    layerSha256s: layers.map(({ sha256 }) => sha256),
  };
}

function loadTagOf({ registry, repository, tag }: ImageReference, bundleName: string): string {
  return fullImageReference({ registry, repository, tag: tag ?? `from-${bundleName}` });
}

/** `io.containerd.image.name` is the name under which containerd's importer files it, the other one is OCI's. */
function indexEntry({ manifest, loadTag }: LaidOutImage): object {
  const annotations = {
    "io.containerd.image.name": loadTag,
    "org.opencontainers.image.ref.name": loadTag.slice(loadTag.lastIndexOf(":") + 1),
  };
  return {
    mediaType: MANIFEST_MEDIA_TYPE,
    digest: `sha256:${sha256Hex(manifest)}`,
    size: manifest.length,
    annotations,
  };
}

function dockerEntry({ configSha256, layerSha256s, loadTag }: LaidOutImage): object {
  const path = (sha256: string): string => blobPath(sha256).slice("image/".length);
  return { Config: path(configSha256), RepoTags: [loadTag], Layers: layerSha256s.map(path) };
}

function blobPath(sha256: string): string {
  return `image/blobs/sha256/${sha256}`;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

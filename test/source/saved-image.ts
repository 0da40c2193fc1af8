import { gzipSync, zstdCompressSync } from "node:zlib";
import { sha256Hex } from "../../src/core/digest.ts";
import { tarOf } from "../../src/core/tar.ts";

export interface SavedFile {
  readonly path: string;
  readonly content: Buffer;
}

export interface SavedImage {
  readonly config: Buffer;
  /** As they stand in the archive. */
  readonly layers: readonly Buffer[];
  readonly diffIds: readonly string[];
  readonly files: readonly SavedFile[];
}

export interface SavedImageOptions {
  readonly reference?: string;
  readonly platform?: {
    readonly os: string;
    readonly architecture: string;
    readonly variant?: string;
  };
  readonly compress?: (layer: Buffer) => Buffer;
}

export const compressions: Readonly<Record<string, (layer: Buffer) => Buffer>> = {
  none: (layer) => layer,
  gzip: (layer) => gzipSync(layer),
  zstd: (layer) => zstdCompressSync(layer),
};

/** The files of an OCI layout with docker's manifest.json, as Docker 25 and newer save an image with these layers. */
export function savedImage(
  contents: readonly string[],
  {
    reference = "example/image:1",
    platform = { os: "linux", architecture: "amd64" },
    compress = (layer) => layer,
  }: SavedImageOptions = {},
): SavedImage {
  const plain = contents.map((content) => tarOf([{ path: "file", content: Buffer.from(content) }]));
  const diffIds = plain.map((layer) => `sha256:${sha256Hex(layer)}`);
  const layers = plain.map((layer) => compress(layer));
  const config = Buffer.from(
    JSON.stringify({ ...platform, config: {}, rootfs: { type: "layers", diff_ids: diffIds } }),
  );
  const manifest = [
    { Config: blobPath(config), RepoTags: [reference], Layers: layers.map(blobPath) },
  ];
  return {
    config,
    layers,
    diffIds,
    files: [
      ...[...new Map([config, ...layers].map((blob) => [blobPath(blob), blob]))]
        .map(([path, content]) => ({ path, content }))
        .sort((a, b) => (a.path < b.path ? -1 : 1)),
      { path: "index.json", content: Buffer.from("{}") },
      { path: "manifest.json", content: Buffer.from(JSON.stringify(manifest)) },
      { path: "oci-layout", content: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
    ],
  };
}

export function blobPath(blob: Buffer): string {
  return `blobs/sha256/${sha256Hex(blob)}`;
}

interface ManifestEntry {
  readonly Config: string;
  readonly Layers: string[];
}

/** What manifest.json says of each image. */
export function manifestOf(files: readonly SavedFile[]): ManifestEntry[] {
  return JSON.parse(files.find(({ path }) => path === "manifest.json")?.content.toString() ?? "[]");
}

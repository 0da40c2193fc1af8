import { sha256Hex } from "../../src/core/digest.ts";
import type { SavedImage } from "./saved-image.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const GZIP_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

export interface Pushed {
  /** `sha256:<hex>` of the index. */
  readonly digest: string;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export interface ImageOfPlatform {
  readonly platform: { readonly os: string; readonly architecture: string };
  /** Its layers are gzip-compressed. */
  readonly image: SavedImage;
}

/**
 * Puts an image of several platforms into a plain registry, as BuildKit pushes them: an index, which also lists an attestation
 * for each platform.
 */
export async function pushImage(
  repositoryUrl: string,
  tag: string,
  images: readonly ImageOfPlatform[],
): Promise<Pushed> {
  const manifests: object[] = [];
  for (const { platform, image } of images) {
    const config = await pushBlob(repositoryUrl, image.config, CONFIG);
    const layers: Descriptor[] = [];
    for (const layer of image.layers) layers.push(await pushBlob(repositoryUrl, layer, GZIP_LAYER));
    const manifest = await pushManifest(repositoryUrl, { mediaType: MANIFEST, config, layers });
    manifests.push({ ...manifest, platform }, await pushAttestation(repositoryUrl, manifest));
  }
  return pushManifest(repositoryUrl, { mediaType: INDEX, manifests }, tag);
}

async function pushAttestation(repositoryUrl: string, { digest }: Descriptor): Promise<object> {
  const config = await pushBlob(
    repositoryUrl,
    Buffer.from('{"architecture":"unknown","os":"unknown"}'),
    CONFIG,
  );
  const statement = await pushBlob(
    repositoryUrl,
    Buffer.from("{}"),
    "application/vnd.in-toto+json",
  );
  const annotations = {
    "vnd.docker.reference.type": "attestation-manifest",
    "vnd.docker.reference.digest": digest,
  };
  const manifest = await pushManifest(repositoryUrl, {
    mediaType: MANIFEST,
    config,
    layers: [statement],
  });
  return { ...manifest, annotations, platform: { os: "unknown", architecture: "unknown" } };
}

export async function pushBlob(
  repositoryUrl: string,
  content: Buffer,
  mediaType: string,
): Promise<Descriptor> {
  const digest = `sha256:${sha256Hex(content)}`;
  const started = await succeed(`${repositoryUrl}/blobs/uploads/`, { method: "POST" });
  const upload = new URL(started.headers.get("location") ?? "", repositoryUrl);
  upload.searchParams.set("digest", digest);
  await succeed(upload.href, {
    method: "PUT",
    body: new Uint8Array(content),
    headers: { "content-type": "application/octet-stream" },
  });
  return { mediaType, digest, size: content.length };
}

async function pushManifest(
  repositoryUrl: string,
  manifest: { readonly mediaType: string; readonly [field: string]: unknown },
  tag?: string,
): Promise<Descriptor> {
  const body = JSON.stringify({ schemaVersion: 2, ...manifest });
  const digest = `sha256:${sha256Hex(body)}`;
  await pushManifestBytes(`${repositoryUrl}/manifests/${tag ?? digest}`, body, manifest.mediaType);
  return { mediaType: manifest.mediaType, digest, size: Buffer.byteLength(body) };
}

export async function pushManifestBytes(
  url: string,
  body: string,
  mediaType: string,
): Promise<void> {
  await succeed(url, { method: "PUT", body, headers: { "content-type": mediaType } });
}

async function succeed(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.ok)
    throw new Error(`${init.method} ${url}: ${response.status} ${await response.text()}`);
  return response;
}

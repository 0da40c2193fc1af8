import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sha256Hex } from "../../src/core/digest.ts";
import type { ImageOfPlatform } from "./push-image.ts";
import { type SavedFile, blobPath } from "./saved-image.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";

export interface LayoutImage {
  /** `org.opencontainers.image.ref.name`; none where missing. */
  readonly name?: string;
  /** Several are listed by an index of their own, with an attestation for each. */
  readonly images: readonly ImageOfPlatform[];
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** The files of an OCI layout (https://github.com/opencontainers/image-spec/blob/main/image-layout.md). */
export function ociLayout(images: readonly LayoutImage[]): SavedFile[] {
  const blobs = new Map<string, Buffer>();
  const add = (content: Buffer, mediaType: string): Descriptor => {
    blobs.set(blobPath(content), content);
    return { mediaType, digest: `sha256:${sha256Hex(content)}`, size: content.length };
  };
  const addManifest = (fields: { readonly mediaType: string; readonly [field: string]: unknown }) =>
    add(Buffer.from(JSON.stringify({ schemaVersion: 2, ...fields })), fields.mediaType);
  const addImage = ({ image }: ImageOfPlatform): Descriptor => {
    const config = add(image.config, "application/vnd.oci.image.config.v1+json");
    const type = "application/vnd.oci.image.layer.v1.tar+gzip";
    const layers = image.layers.map((layer) => add(layer, type));
    return addManifest({ mediaType: MANIFEST, config, layers });
  };
  const manifests = images.map(({ name, images: platforms }) => {
    const listed = platforms.flatMap((one) => {
      const manifest = addImage(one);
      return [{ ...manifest, platform: one.platform }, attestationOf(manifest, add)];
    });
    const [only] = platforms;
    const root =
      platforms.length === 1 && only !== undefined
        ? addImage(only)
        : addManifest({ mediaType: INDEX, manifests: listed });
    const annotations = { "org.opencontainers.image.ref.name": name };
    return { ...root, ...(name !== undefined && { annotations }) };
  });
  return [
    ...[...blobs]
      .map(([path, content]) => ({ path, content }))
      .toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    { path: "index.json", content: Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })) },
    { path: "oci-layout", content: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
  ];
}

export async function writeFiles(directory: string, files: readonly SavedFile[]): Promise<void> {
  for (const { path, content } of files) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
}

/** As BuildKit lists them; its manifest's content is of no interest. */
function attestationOf(
  { digest }: Descriptor,
  add: (content: Buffer, mediaType: string) => Descriptor,
): object {
  const annotations = {
    "vnd.docker.reference.type": "attestation-manifest",
    "vnd.docker.reference.digest": digest,
  };
  const platform = { os: "unknown", architecture: "unknown" };
  return { ...add(Buffer.from(JSON.stringify({ digest })), MANIFEST), annotations, platform };
}

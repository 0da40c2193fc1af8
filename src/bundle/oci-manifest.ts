export const MANIFEST_MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json";

interface Blob {
  /** `sha256:<hex>` */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/** The manifest that a bundle has of an image whose layers are uncompressed (OCI image-spec, manifest.md). */
export function ociManifest(config: Blob, layers: readonly Blob[]): Buffer {
  const describe = (mediaType: string, { digest, size }: Blob): object => ({
    mediaType,
    digest,
    size,
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST_MEDIA_TYPE,
    config: describe("application/vnd.oci.image.config.v1+json", config),
    layers: layers.map((layer) => describe("application/vnd.oci.image.layer.v1.tar", layer)),
  };
  return Buffer.from(JSON.stringify(manifest));
}

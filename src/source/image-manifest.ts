import { z } from "zod";
import { hexOfDigest } from "../core/digest.ts";
import { jsonOrUndefined } from "../core/json-or-undefined.ts";
import { platformShape } from "./image-config.ts";

/** https://github.com/opencontainers/image-spec/blob/main/descriptor.md; only sha256 is read. */
export interface Descriptor {
  /** sha256, hex. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  readonly mediaType?: string | undefined;
  readonly platform?: z.infer<typeof platformShape> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

const descriptor = z
  .object({
    digest: z.string(),
    size: z.int().nonnegative(),
    mediaType: z.string().optional(),
    platform: platformShape.optional().catch(undefined),
    annotations: z.record(z.string(), z.string()).nullish(),
  })
  .transform(({ digest, annotations, ...rest }, context): Descriptor => {
    const sha256 = hexOfDigest(digest);
    if (sha256 !== undefined) return { ...rest, sha256, annotations: annotations ?? {} };
    context.addIssue(`${JSON.stringify(digest)} is not a sha256 digest`);
    return z.NEVER;
  });

const index = z.object({ schemaVersion: z.literal(2), manifests: z.array(descriptor) });
const manifest = z.object({
  schemaVersion: z.literal(2),
  config: descriptor,
  layers: z.array(descriptor),
});

export type ImageIndex = z.infer<typeof index>;
export type ImageManifest = z.infer<typeof manifest>;

/** The media types of what {@link parseManifest} reads, for a registry. */
export const MANIFEST_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/**
 * Reads a manifest or an index of manifests, OCI's (https://github.com/opencontainers/image-spec) or Docker's, whose fields are
 * the same. `problem` says why it is neither; also where it could be taken for both (CVE-2021-41190).
 */
export function parseManifest(
  bytes: Buffer,
): { index: ImageIndex } | { manifest: ImageManifest } | { problem: string } {
  const json = jsonOrUndefined(bytes);
  if (typeof json !== "object" || json === null) return { problem: "it is not JSON" };
  if ("schemaVersion" in json && json.schemaVersion === 1)
    return { problem: "it has the schema of 2014, which has no digests of what is in the layers" };
  if ("manifests" in json === ("layers" in json || "config" in json))
    return { problem: "it is neither the manifest of an image nor an index of such" };
  const parsed = "manifests" in json ? index.safeParse(json) : manifest.safeParse(json);
  if (!parsed.success) return { problem: z.prettifyError(parsed.error).slice(0, 300) };
  return "manifests" in parsed.data ? { index: parsed.data } : { manifest: parsed.data };
}

/** What BuildKit says of how an image was made stands in the index like an image, for no platform. */
export function isAttestation({ annotations, platform }: Descriptor): boolean {
  return (
    annotations?.["vnd.docker.reference.type"] === "attestation-manifest" ||
    (platform?.os === "unknown" && platform.architecture === "unknown")
  );
}

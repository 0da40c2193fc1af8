import { z } from "zod";
import { hexOfDigest } from "../core/digest.ts";
import { manifestPath, parseModelName } from "../core/model-name.ts";
import type { BundleReader } from "./bundle-reader.ts";
import type { BundledModel } from "./models-json.ts";

const manifestShape = z.object({
  layers: z.array(z.object({ mediaType: z.string(), digest: z.string() })).nullish(),
});

/** The paths in the bundle of a model's licence texts, as its manifest names them. */
export async function licenseBlobs(
  reader: BundleReader,
  { name, blobs }: BundledModel,
): Promise<string[]> {
  const bytes = await reader.bytes(`models/${manifestPath(parseModelName(name))}`);
  const layers = manifestShape.parse(JSON.parse(bytes.toString("utf8"))).layers ?? [];
  return layers
    .filter(({ mediaType }) => mediaType === "application/vnd.ollama.image.license")
    .map(({ digest }) => hexOfDigest(digest) ?? "")
    .filter((sha256) => blobs.includes(sha256))
    .map((sha256) => `models/blobs/sha256-${sha256}`);
}

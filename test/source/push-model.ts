import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pushBlob, pushManifestBytes } from "./push-image.ts";

const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}

/** Puts a model of a store into a plain registry, its manifest byte for byte. */
export async function pushModel(
  repositoryUrl: string,
  tag: string,
  { store, manifestPath }: { readonly store: string; readonly manifestPath: string },
): Promise<void> {
  const bytes = await readFile(join(store, manifestPath));
  const { config, layers }: Manifest = JSON.parse(bytes.toString());
  for (const { digest } of [config, ...layers]) {
    const blob = await readFile(join(store, "blobs", digest.replace(":", "-")));
    await pushBlob(repositoryUrl, blob, "application/octet-stream");
  }
  await pushManifestBytes(`${repositoryUrl}/manifests/${tag}`, bytes.toString(), MANIFEST);
}

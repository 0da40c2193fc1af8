import { z } from "zod";
import { modelOfManifestPath } from "../bundle/file-paths.ts";
import type { SiteFile, SiteModel } from "../bundle/delta/site-file.ts";
import { hexOfDigest, sha256Hex } from "../core/digest.ts";
import { jsonOrUndefined } from "../core/json-or-undefined.ts";
import { fullModelName } from "../core/model-name.ts";
import { type WorkOptions, countBytes } from "../core/progress.ts";
import type { FileHash, StoreContent, StoredManifest } from "./store/store-content.ts";

const entry = z.object({ digest: z.string(), size: z.int().nonnegative() });
/** Ollama's manifest (`manifest/manifest.go`), as far as blobs go. */
const manifestShape = z.object({
  config: entry.nullish(),
  layers: z.array(entry).nullish(),
});

export interface ProvenModels extends Pick<SiteFile, "models" | "blobs"> {
  /** Models that are not listed, each with what is wrong with it. */
  readonly flaws: readonly string[];
}

/** The models of a store of which every blob was hashed and is right, and those blobs. What no manifest names may be gone tomorrow. */
export async function provenModels(
  content: StoreContent,
  { signal, onProgress }: WorkOptions,
): Promise<ProvenModels> {
  const found: FoundModel[] = [];
  for await (const manifest of content.manifests({ signal })) found.push(readManifest(manifest));
  const sizes = new Map(
    found.flatMap(({ blobs = [] }) => blobs.map((blob) => [blob.sha256, blob.size])),
  );
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const onBytes = countBytes("blobs that are there", total, onProgress);
  const proven = new Map<string, FileHash>();
  for (const sha256 of sizes.keys()) {
    const hashed = await content.hash(`blobs/sha256-${sha256}`, { signal, onBytes });
    if (hashed?.sha256 === sha256) proven.set(sha256, hashed);
  }
  const flawed = found.flatMap((model) => flawOf(model, proven) ?? []);
  const whole = found.filter((model) => flawOf(model, proven) === undefined);
  return {
    models: whole
      .map(({ name, digest, size }) => ({ name, digest, size }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    blobs: [...proven.values()].toSorted((a, b) => (a.sha256 < b.sha256 ? -1 : 1)),
    flaws: flawed,
  };
}

interface FoundModel extends SiteModel {
  /** Each once; missing where the manifest is none. */
  readonly blobs?: readonly FileHash[];
}

function readManifest({ path, bytes }: StoredManifest): FoundModel {
  const model = modelOfManifestPath(`models/${path}`);
  const name = model === undefined ? path : fullModelName(model);
  const named = namedBlobs(bytes);
  const size = named?.reduce((sum, blob) => sum + blob.size, 0) ?? 0;
  const blobs = named && [...new Map(named.map((blob) => [blob.sha256, blob])).values()];
  return { name, digest: sha256Hex(bytes), size, ...(blobs && { blobs }) };
}

function namedBlobs(bytes: Buffer): FileHash[] | undefined {
  const { data } = manifestShape.safeParse(jsonOrUndefined(bytes));
  if (data === undefined) return undefined;
  const entries = [...(data.config ? [data.config] : []), ...(data.layers ?? [])];
  const blobs = entries.map(({ digest, size }) => ({ sha256: hexOfDigest(digest) ?? "", size }));
  return blobs.every(({ sha256 }) => sha256 !== "") ? blobs : undefined;
}

function flawOf(
  { name, blobs }: FoundModel,
  proven: ReadonlyMap<string, FileHash>,
): string | undefined {
  if (blobs === undefined) return `"${name}" is left out: its manifest is not readable`;
  const bad = blobs.find(({ sha256, size }) => proven.get(sha256)?.size !== size);
  return bad && `"${name}" is left out: its blob sha256:${bad.sha256} is missing or damaged`;
}

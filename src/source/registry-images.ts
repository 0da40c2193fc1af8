import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { hexOfDigest, sha256Hex } from "../core/digest.ts";
import { shortId } from "../core/short-id.ts";
import { eachAtOnce } from "../core/each-at-once.ts";
import { hasCode } from "../core/errors.ts";
import { type ImageReference, parseImageReference } from "../core/image-reference.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { Repository } from "../registry/repository.ts";
import { RegistryClient, type RegistryOptions } from "../registry/registry-client.ts";
import { tellRetries } from "../registry/tell-retries.ts";
import type { StagedFile } from "../staging/staged-file.ts";
import type { StagingOptions, StagingVolume } from "../staging/staging-volume.ts";
import { fetchAgainWhereWrong } from "./fetch-again.ts";
import { type FoundLayer, type ImageDocuments, MAX_DOCUMENT, findImage } from "./find-image.ts";
import { type ResolvedFoundImage, resolveFound, stageFound } from "./found-images.ts";
import { MANIFEST_TYPES } from "./image-manifest.ts";
import type { Source, StagedImage, WantedImage } from "./source.ts";
import { stagedBlobCounter } from "./staged-blob-counter.ts";
import { stageUncompressed } from "./stage-uncompressed.ts";

/** One is unpacked while the next one comes. */
const LAYERS_AT_ONCE = 2;
/** Bytes read at once of a layer that is unpacked. */
const READ_SIZE = 256 * 1024;

const HINT = "Try again; if the registry gives the same again, take the image from elsewhere.";

/** The one registry whose host is not the one in names. */
const HOSTS: Readonly<Record<string, string>> = { "docker.io": "registry-1.docker.io" };

export interface RegistryImageOptions extends RegistryOptions {
  readonly volume: StagingVolume;
}

interface Place {
  readonly client: RegistryClient;
  readonly volume: StagingVolume;
  readonly repository: Repository;
  readonly reference: string;
}

/** The host that is asked for an image of this registry. */
export function registryHost(registry: string): string {
  return HOSTS[registry] ?? registry;
}

/**
 * Images straight from a registry, without an engine, for any platform. A compressed layer is fetched whole, resumable, checked,
 * unpacked, checked against the config's diff_id, and not kept as it came.
 */
export function createRegistryImageSource({
  volume,
  ...options
}: RegistryImageOptions): Source<WantedImage, ResolvedFoundImage, StagedImage> {
  const client = new RegistryClient(options);
  const placeOf = (reference: string): Place => {
    const { registry, repository: path } = parseImageReference(reference);
    return {
      client,
      volume,
      reference,
      repository: { base: client.baseOf(registryHost(registry)), path },
    };
  };
  return {
    resolve: (wanted, work) => resolveInRegistry(wanted, placeOf(wanted.reference), work),
    stage: (resolved, work) => {
      const place = placeOf(resolved.reference);
      const stageLayers = (layers: readonly FoundLayer[], options: WorkOptions): Promise<void> =>
        stageFromRegistry(layers, place, options);
      return stageFound(resolved, { volume, stageLayers }, work);
    },
  };
}

async function resolveInRegistry(
  { reference, platform }: WantedImage,
  place: Place,
  work: WorkOptions,
): Promise<ResolvedFoundImage> {
  const { digest } = parseImageReference(reference);
  const bytes = await fetchManifest(digest ?? tagOf(parseImageReference(reference)), place, work);
  const sha256 = (digest && hexOfDigest(digest)) ?? sha256Hex(bytes);
  const first = { sha256, size: bytes.length };
  const documents: ImageDocuments = {
    what: `"${reference}" from its registry`,
    hint: HINT,
    read: async ({ descriptor, kind }, options) => {
      if (descriptor === first) return bytes;
      if (kind === "manifest") return fetchManifest(`sha256:${descriptor.sha256}`, place, options);
      const label = `config of "${reference}"`;
      return readFile((await fetchBlob({ ...descriptor, label }, place, options)).path);
    },
  };
  const found = await findImage([first], { platform, documents }, work);
  return resolveFound({ reference, found }, { volume: place.volume, ...work });
}

function tagOf({ tag = "latest" }: ImageReference): string {
  return tag;
}

function fetchManifest(
  reference: string,
  { client, repository, reference: image }: Place,
  work: WorkOptions,
): Promise<Buffer> {
  const request = {
    reference,
    accept: MANIFEST_TYPES,
    maxSize: MAX_DOCUMENT,
    what: `the manifest of "${image}"`,
    ifMissing: `Cannot find the image "${image}"`,
  };
  return client.manifest(repository, request, work);
}

async function stageFromRegistry(
  layers: readonly FoundLayer[],
  place: Place,
  { signal, onProgress }: WorkOptions,
): Promise<void> {
  const onBytes = stagedBlobCounter(place.reference, layers, onProgress);
  await eachAtOnce(layers, { atOnce: LAYERS_AT_ONCE, signal }, (layer, stop) =>
    stageLayer(layer, place, { signal: stop, onProgress, onBytes }),
  );
}

async function stageLayer(
  { name: packedSha256, size, diffId }: FoundLayer,
  place: Place,
  options: StagingOptions,
): Promise<void> {
  const label = `layer of "${place.reference}"`;
  const packed = await fetchBlob({ sha256: packedSha256, size, label }, place, options);
  if (packedSha256 === diffId) return;
  const { signal } = options;
  const content = createReadStream(packed.path, { highWaterMark: READ_SIZE, signal });
  const named = { label: `sha256:${shortId(packedSha256)} (${label})`, hint: HINT };
  try {
    await stageUncompressed({ content, sha256: diffId, ...named }, place.volume);
    await place.volume.remove(packedSha256);
  } catch (error) {
    // Another process has unpacked it meanwhile, and removed it as it came.
    const isDone = hasCode(error, "ENOENT") && (await place.volume.find({ sha256: diffId }));
    if (!isDone) throw error;
  }
}

async function fetchBlob(
  {
    sha256,
    size,
    label,
  }: { readonly sha256: string; readonly size: number; readonly label: string },
  { client, repository, volume }: Place,
  options: StagingOptions,
): Promise<StagedFile> {
  const what = `sha256:${shortId(sha256)} (${label})`;
  const request = { sha256, size, what, ifMissing: `Cannot fetch ${what}` };
  const onRetry = tellRetries(options.onProgress);
  return fetchAgainWhereWrong(options, async (stagingOptions) => {
    using reader = client.blob(repository, request);
    return await volume.fetch(
      { sha256, size, label },
      (place, offset, read) => reader.read(place, offset, { ...read, onRetry }),
      stagingOptions,
    );
  });
}

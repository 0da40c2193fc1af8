import { shortId } from "../core/short-id.ts";
import { eachAtOnce } from "../core/each-at-once.ts";
import { DefinitionError, SourceError } from "../core/errors.ts";
import { DEFAULT_MODEL_HOST, type ModelName, fullModelName } from "../core/model-name.ts";
import type { WorkOptions } from "../core/progress.ts";
import { isHttp, shownAddress } from "../registry/http-address.ts";
import type { Repository } from "../registry/repository.ts";
import { RegistryClient, type RegistryOptions } from "../registry/registry-client.ts";
import { tellRetries } from "../registry/tell-retries.ts";
import type { StagedFile } from "../staging/staged-file.ts";
import type { StagingOptions, StagingVolume } from "../staging/staging-volume.ts";
import { fetchAgainWhereWrong } from "./fetch-again.ts";
import { refuseCloudName } from "./model-checks.ts";
import { missingBytesOf } from "./missing-bytes.ts";
import {
  MANIFEST_MEDIA_TYPE,
  type ModelLayerEntry,
  blobsOf,
  parseModelManifest,
} from "./model-manifest.ts";
import type { ModelSource, ResolvedModel, StagedModel } from "./source.ts";
import { stagedBlobCounter } from "./staged-blob-counter.ts";

/** Bytes; a model with 10,000 layers has a manifest of some 2 MB. */
const MAX_MANIFEST = 32 * 1024 * 1024;
/** Bytes; what is larger is no config, and is not fetched before the plan. */
const MAX_CONFIG = 4 * 1024 * 1024;
const NO_MANIFEST =
  "Check the address of the registry or mirror, and whether a proxy on the way answers in its place, such as with a page to log in.";
/** Requests are limited all together; this bounds what is opened for models of thousands of blobs. */
const BLOBS_AT_ONCE = 8;

export interface RegistryModelOptions extends RegistryOptions {
  readonly volume: StagingVolume;
  /** URL of a registry that is asked in place of `registry.ollama.ai`. A host in a model's name is asked itself. */
  readonly modelRegistry?: string | undefined;
}

interface RegistryContext {
  readonly client: RegistryClient;
  readonly volume: StagingVolume;
  readonly mirror: URL | undefined;
}

export interface NamedBlob {
  readonly name: ModelName;
  readonly blob: ModelLayerEntry;
}

export interface RegistryModelSource extends ModelSource {
  /** One blob of a model. A registry that cannot be reached is given up soon. */
  fetchBlob(named: NamedBlob, options: StagingOptions): Promise<StagedFile>;
}

/** Models straight from a model registry over HTTP: resumable, and every byte hashed before it gets a blob's name. */
export function createRegistryModelSource({
  volume,
  modelRegistry,
  ...options
}: RegistryModelOptions): RegistryModelSource {
  const mirror = modelRegistry === undefined ? undefined : parseRegistryUrl(modelRegistry);
  const context = { client: new RegistryClient(options), volume, mirror };
  return {
    resolve: (name, work) => resolveInRegistry(context, name, work),
    stage: (resolved, work) => stageFromRegistry(context, resolved, work),
    fetchBlob: (named, work) => fetchBlob(context, named, work),
  };
}

async function resolveInRegistry(
  context: RegistryContext,
  name: ModelName,
  work: WorkOptions,
): Promise<ResolvedModel> {
  refuseCloudName(name);
  const manifestBytes = await fetchManifest(context, name, work);
  const manifest = parseModelManifest(manifestBytes, fullModelName(name), NO_MANIFEST);
  const config =
    manifest.config && (await stageConfig(context, { name, blob: manifest.config }, work));
  const missingBytes = await missingBytesOf(blobsOf(manifest), context.volume, work);
  return { name, manifestBytes, manifest, config, missingBytes };
}

function fetchManifest(
  context: RegistryContext,
  name: ModelName,
  work: WorkOptions,
): Promise<Buffer> {
  const model = fullModelName(name);
  const request = {
    reference: name.tag,
    accept: MANIFEST_MEDIA_TYPE,
    maxSize: MAX_MANIFEST,
    what: `the manifest of "${model}"`,
    ifMissing: `Cannot find model "${model}"`,
  };
  return context.client.manifest(repositoryOf(context, name), request, work);
}

/** The manifest is asked for first, since that is not tried for as long as a blob is. */
async function fetchBlob(
  context: RegistryContext,
  { name, blob }: NamedBlob,
  options: StagingOptions,
): Promise<StagedFile> {
  if ((await context.volume.missingBytes(blob)) > 0) await fetchManifest(context, name, options);
  return await stageBlob(context, { name, blob }, options);
}

async function stageFromRegistry(
  context: RegistryContext,
  { name, manifestBytes, manifest }: ResolvedModel,
  { signal, onProgress }: WorkOptions,
): Promise<StagedModel> {
  const wanted = blobsOf(manifest);
  const onBytes = stagedBlobCounter(fullModelName(name), wanted, onProgress);
  const blobs = await eachAtOnce(wanted, { atOnce: BLOBS_AT_ONCE, signal }, (blob, stop) =>
    stageBlob(context, { name, blob }, { signal: stop, onProgress, onBytes }),
  );
  return { name, manifestBytes, manifest, blobs };
}

async function stageBlob(
  context: RegistryContext,
  { name, blob: { sha256, size } }: NamedBlob,
  options: StagingOptions,
): Promise<StagedFile> {
  const label = `blob of "${fullModelName(name)}"`;
  const what = `sha256:${shortId(sha256)} (${label})`;
  const request = { sha256, size, what, ifMissing: `Cannot fetch ${what}` };
  const onRetry = tellRetries(options.onProgress);
  return fetchAgainWhereWrong(options, async (stagingOptions) => {
    using reader = context.client.blob(repositoryOf(context, name), request);
    return await context.volume.fetch(
      { sha256, size, label, asModelBlob: true },
      (place, offset, read) => reader.read(place, offset, { ...read, onRetry }),
      stagingOptions,
    );
  });
}

async function stageConfig(
  context: RegistryContext,
  { name, blob }: NamedBlob,
  work: WorkOptions,
): Promise<StagedFile> {
  if (blob.size <= MAX_CONFIG) return stageBlob(context, { name, blob }, work);
  const found = `it states a config of ${blob.size} bytes, expected at most ${MAX_CONFIG}`;
  throw new SourceError(
    "BAD_ANSWER",
    `Cannot use the manifest of "${fullModelName(name)}": ${found}`,
  );
}

function repositoryOf(
  { client, mirror }: RegistryContext,
  { host, namespace, model }: ModelName,
): Repository {
  const base = host === DEFAULT_MODEL_HOST && mirror !== undefined ? mirror : client.baseOf(host);
  return { base, path: `${namespace}/${model}` };
}

/** A URL whose path, if it has one, comes before `v2/`. Throws {@link DefinitionError}. */
function parseRegistryUrl(text: string): URL {
  const url = URL.parse(text);
  if (
    url !== null &&
    isHttp(url) &&
    `${url.username}${url.password}${url.search}${url.hash}` === ""
  )
    return url.pathname.endsWith("/") ? url : new URL(`${url.href}/`);
  throw new DefinitionError(
    "USAGE",
    `Cannot use the model registry "${shownAddress(text)}": expected http(s)://host[:port][/path] without user and query`,
    { hint: "Write it as in --model-registry https://registry.example:5000." },
  );
}

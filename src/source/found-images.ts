import { sha256Hex } from "../core/digest.ts";
import { SourceError } from "../core/errors.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { StagedFile } from "../staging/staged-file.ts";
import type { StagingVolume } from "../staging/staging-volume.ts";
import type { FoundImage, FoundLayer } from "./find-image.ts";
import type { ResolvedImage, StagedImage } from "./source.ts";

/** An image whose config and layers are known by their digests before they are staged. */
export interface ResolvedFoundImage extends ResolvedImage {
  readonly found: FoundImage;
}

/** What a plan needs to know of the image, part of which may be in the staging volume, whatever source it came from. */
export async function resolveFound(
  { reference, found }: { readonly reference: string; readonly found: FoundImage },
  { volume, ...options }: WorkOptions & { readonly volume: StagingVolume },
): Promise<ResolvedFoundImage> {
  const layers = layersOnce(found);
  const staged = await Promise.all(
    layers.map(({ diffId }) => volume.find({ sha256: diffId }, options)),
  );
  const { platform, sourceDigest, config } = found;
  const missing = layers.filter((_, at) => staged[at] === undefined);
  return {
    reference,
    platform,
    identity: sourceDigest ?? `sha256:${sha256Hex(config)}`,
    sourceDigest,
    statedSize: layers.reduce(
      (sum, { size }, at) => sum + (staged[at]?.size ?? size),
      config.length,
    ),
    missingBytes: missing.reduce((sum, { size }) => sum + size, 0),
    content: {
      configDigest: `sha256:${sha256Hex(config)}`,
      diffIds: found.layers.map(({ diffId }) => diffId),
    },
    found,
  };
}

/** Brings layers that the volume does not have into it. */
type StageLayers = (layers: readonly FoundLayer[], options: WorkOptions) => Promise<void>;

/** Stages what of the image is not in the volume yet. Throws {@link SourceError} where a layer is not there. */
export async function stageFound(
  { reference, platform, sourceDigest, found }: ResolvedFoundImage,
  { volume, stageLayers }: { readonly volume: StagingVolume; readonly stageLayers: StageLayers },
  options: WorkOptions,
): Promise<StagedImage> {
  const missing: FoundLayer[] = [];
  for (const layer of layersOnce(found))
    if ((await volume.find({ sha256: layer.diffId }, options)) === undefined) missing.push(layer);
  if (missing.length > 0) await stageLayers(missing, options);
  const layers: StagedFile[] = [];
  for (const [at, { diffId, name }] of found.layers.entries()) {
    const layer = await volume.find({ sha256: diffId }, options);
    if (layer === undefined) throw notThere(reference, `layer ${at + 1} ("${name}")`);
    layers.push(layer);
  }
  return {
    reference,
    platform,
    sourceDigest,
    config: await stageBytes(found.config, volume),
    layers,
  };
}

export function notThere(reference: string, what: string): SourceError {
  return new SourceError("INCOMPLETE", `Cannot stage "${reference}": ${what} is not there`, {
    hint: "What it is taken from is incomplete: make it again, or take the image from elsewhere.",
  });
}

/** A layer that repeats is there once. */
function layersOnce({ layers }: FoundImage): FoundLayer[] {
  return [...new Map(layers.map((layer) => [layer.diffId, layer])).values()];
}

async function stageBytes(bytes: Buffer, volume: StagingVolume): Promise<StagedFile> {
  await using writer = volume.createContent();
  await writer.write(bytes);
  return await writer.commit();
}

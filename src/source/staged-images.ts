import type { WorkOptions } from "../core/progress.ts";
import type { EngineImage } from "../engine/engine.ts";
import type { StagedFile } from "../staging/staged-file.ts";
import type { StagingVolume } from "../staging/staging-volume.ts";
import type { StagedImage } from "./source.ts";

type Files = Pick<StagedImage, "config" | "layers">;

/** The image as it was staged before, if everything of it is there and was proven to be what it was. */
export async function findStagedImage(
  image: EngineImage,
  { volume, ...options }: WorkOptions & { readonly volume: StagingVolume },
): Promise<Files | undefined> {
  const record = await volume.readImageRecord(keyOf(image));
  if (
    record === undefined ||
    record.layerSha256s.map((hex) => `sha256:${hex}`).join() !== image.diffIds.join()
  ) {
    return undefined;
  }
  const config = await volume.find({ sha256: record.configSha256 }, options);
  const layers: StagedFile[] = [];
  for (const sha256 of record.layerSha256s) {
    const layer = await volume.find({ sha256 }, options);
    if (layer === undefined) return undefined;
    layers.push(layer);
  }
  return config && { config, layers };
}

export async function rememberStagedImage(
  image: EngineImage,
  staged: StagedImage,
  volume: StagingVolume,
): Promise<void> {
  await volume.writeImageRecord(keyOf(image), {
    reference: staged.reference,
    identity: image.id,
    platform: staged.platform,
    configSha256: staged.config.sha256,
    layerSha256s: staged.layers.map(({ sha256 }) => sha256),
  });
}

/** An id is a digest of all that the image is; where it is an index's, the platform says which part is meant. */
function keyOf({ id, platform }: EngineImage): string {
  return `${id} ${platform}`;
}

import type { SiteFile, SiteImage } from "../../bundle/delta/site-file.ts";
import { freeSpaceAt } from "../../core/disk-space.ts";
import { parseImageReference } from "../../core/image-reference.ts";
import type { WorkOptions } from "../../core/progress.ts";
import type { Engine, EngineImage, EngineInfo } from "../../engine/engine.ts";

type EngineFacts = Pick<SiteFile, "engine" | "images"> & {
  readonly free: Pick<SiteFile["free"], "images">;
};

/** What of an engine decides whether an installation can work, and the images that can be Ollama's. */
export async function engineFacts(
  engine: Engine | undefined,
  options: WorkOptions,
): Promise<EngineFacts> {
  if (engine === undefined) return { images: [], free: {} };
  const info = await engine.info(options);
  const { product, version, platform, memory, runtimes } = info;
  const images = (await engine.images()).filter(isOllama).map((image) => factsOf(image, info));
  return {
    engine: {
      product,
      version,
      platform,
      imageStore: info.usesContainerdStore ? "containerd" : "classic",
      rootless: info.isRootless,
      selinux: info.usesSelinux,
      runtimes: [...runtimes],
      memory,
    },
    images: [...new Map(images.map((image) => [JSON.stringify(image), image])).values()],
    free: await freeForImages(info),
  };
}

/** Others are nobody's business: by their names, which are left out. */
function isOllama({ tags }: EngineImage): boolean {
  return tags.some((tag) => parseImageReference(tag).repository.includes("ollama"));
}

/** In containerd's store an id is a manifest's digest. */
function factsOf(
  { id, diffIds, platform }: EngineImage,
  { usesContainerdStore }: EngineInfo,
): SiteImage {
  return {
    ...(!usesContainerdStore && { configDigest: id }),
    diffIds: [...diffIds],
    platform,
  };
}

/** Containerd's store may lie anywhere. */
async function freeForImages({
  isLocal,
  usesContainerdStore,
  dataRoot,
}: EngineInfo): Promise<EngineFacts["free"]> {
  return isLocal && !usesContainerdStore ? { images: await freeSpaceAt(dataRoot) } : {};
}

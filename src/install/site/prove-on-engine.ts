import { imageBlobPaths } from "../../bundle/blob-paths.ts";
import type { BundledImage, ModelsJson } from "../../bundle/models-json.ts";
import { siteMustHold } from "../../bundle/delta/site-must-hold.ts";
import type { HostError } from "../../core/errors.ts";
import type { WorkOptions } from "../../core/progress.ts";
import { sameLayers } from "../engine-problems.ts";
import type { ImageToName } from "../image-to-load.ts";
import { loadedImageName } from "../image-names.ts";
import type { EngineInstall } from "../engine-install.ts";
import { proveInStore } from "../store/prove-in-store.ts";
import { baseProblem } from "./prove-omitted.ts";
import { openVolumeStore } from "./site-store.ts";
import { emptyStore, storeInDirectory } from "../store/store-content.ts";
import type { Store } from "../store/store.ts";

export function isLeftOut(image: BundledImage, { delta }: Pick<ModelsJson, "delta">): boolean {
  const [config] = imageBlobPaths(image);
  return delta?.omitted.some(({ path }) => path === config) === true;
}

/**
 * The image that a delta left out, as the engine has it: by its config's digest, or by its layers, since an engine with
 * containerd's store tells no more. Or the problem that it is not there.
 */
export async function findLeftOutImage(
  { engine, bundle }: Pick<EngineInstall, "engine" | "bundle">,
  image: BundledImage,
): Promise<ImageToName | HostError> {
  const { name, platform } = bundle.manifest;
  const { configDigest, manifestDigest, diffIds, reference } = image;
  const same = (await engine.images()).filter(
    (each) => each.platform === platform && sameLayers(each.diffIds, diffIds),
  );
  const very = same.find(({ id }) => id === configDigest || id === manifestDigest);
  const [existing] = (very ?? same[0])?.tags ?? [];
  if (existing !== undefined)
    return { name: loadedImageName({ name, id: bundle.id }), platform, existing, diffIds };
  const what = `image "${reference}" (config ${configDigest})`;
  const { base = { bundles: [] } } = bundle.manifest.delta ?? {};
  return baseProblem("the engine", [{ what, how: "is not there" }], base);
}

/** Hashes every blob that a delta left out, in the directory or in the volume. Returns the problem, or undefined where all are proven. */
export async function proveBeside(
  { engine, bundle, selection, names, pool }: EngineInstall,
  store: Store | undefined,
  options: WorkOptions,
): Promise<HostError | undefined> {
  const toProve = { selection, mustHold: siteMustHold(bundle.manifest) };
  if (selection.omitted.length === 0) return undefined;
  if (store !== undefined)
    return await proveInStore(storeInDirectory(store.root, pool), toProve, options);
  if ((await engine.volume(names.volume)) === undefined)
    return await proveInStore(emptyStore(`the volume "${names.volume}"`), toProve, options);
  await using opened = await openVolumeStore(names.volume, { engine, pool, ...options });
  return await proveInStore(opened.content, toProve, options);
}

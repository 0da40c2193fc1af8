import type { EngineImage, EngineInfo } from "../engine/engine.ts";
import { isOwnName } from "./image-names.ts";

type StoreInfo = Pick<EngineInfo, "product" | "usesContainerdStore" | "tellsWhatIsMissing">;

/**
 * Whether an engine takes an archive without layers that it has. Docker's own stores open the file of a layer only where they
 * lack it (moby, image/tarexport/load.go). containerd's store takes an OCI layout as it is, and looks for a layer when it unpacks
 * it (moby, daemon/containerd/image_exporter.go); what it never got it has to tell. Podman wants every file.
 */
export function takesPartOfImage(info: StoreInfo): boolean {
  return info.product === "Docker" && (!info.usesContainerdStore || info.tellsWhatIsMissing);
}

/**
 * Those whose layers need not be sent. containerd's store knows a layer by the bytes that came: of an image from a registry they
 * are compressed, of one that was loaded by us they are what we would send. (One that has other names beside came otherwise: a
 * delta names an image that was there.)
 */
export function imagesToBuildOn(
  { usesContainerdStore }: StoreInfo,
  images: readonly EngineImage[],
): readonly EngineImage[] {
  if (!usesContainerdStore) return images;
  return images.filter(({ tags, isComplete }) => isComplete && tags.every(isOwnName));
}

/** Layers in the order in which they go onto a base, of which the engine has some. */
export interface LayersOnTop<Layer> {
  readonly modelLayers: readonly Layer[];
  /** How many of all layers, from the base's first on, the engine has. */
  readonly there: number;
}

/**
 * Puts layers onto a base in such an order that the engine has as much as can be: it knows a layer by all that lie below it. Those
 * that one of its images has right above the same base come first, as they are there; the others stay in their order.
 */
export function orderByWhatIsThere<
  Layer extends { readonly diffId: string; readonly size: number },
>(
  base: readonly string[],
  layers: readonly Layer[],
  images: readonly Pick<EngineImage, "diffIds">[],
): LayersOnTop<Layer> {
  let best: LayersOnTop<Layer> & { readonly bytes: number } = {
    modelLayers: layers,
    there: 0,
    bytes: 0,
  };
  for (const { diffIds } of images) {
    const common = commonStart(base, diffIds);
    const first = common === base.length ? wantedFrom(diffIds.slice(common), layers) : [];
    const there = common + first.length;
    const bytes = first.reduce((sum, { size }) => sum + size, 0);
    if (bytes < best.bytes || (bytes === best.bytes && there <= best.there)) continue;
    const rest = layers.filter((layer) => !first.includes(layer));
    best = { modelLayers: [...first, ...rest], there, bytes };
  }
  return best;
}

/** How many entries two lists have in common, from the first on. */
function commonStart(a: readonly string[], b: readonly string[]): number {
  const differs = a.findIndex((entry, index) => entry !== b[index]);
  return differs < 0 ? a.length : differs;
}

/** The layers that stand there, up to one that is not wanted or was had. */
function wantedFrom<Layer extends { readonly diffId: string }>(
  diffIds: readonly string[],
  layers: readonly Layer[],
): Layer[] {
  const wanted = new Map(layers.map((layer) => [layer.diffId, layer]));
  const found: Layer[] = [];
  for (const diffId of diffIds) {
    const layer = wanted.get(diffId);
    if (layer === undefined) break;
    wanted.delete(diffId);
    found.push(layer);
  }
  return found;
}

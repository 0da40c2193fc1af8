import type { Delta, ModelsJson } from "../models-json.ts";

/** What a site holds already, as far as whoever creates a bundle for it was told. */
export interface Held {
  readonly base: Delta["base"];
  /** sha256 of models' blobs. */
  readonly blobs: ReadonlySet<string>;
  readonly images: readonly HeldImage[];
}

/** An engine that keeps images in containerd's store does not tell the config's digest. */
export interface HeldImage {
  readonly configDigest?: string | undefined;
  readonly diffIds: readonly string[];
}

/** A bundle of which no more is known than its MODELS.json. */
export interface EarlierBundle {
  readonly id: string;
  readonly manifest: ModelsJson;
}

/** What these bundles brought, and what they relied on themselves: it was proven when they were installed. */
export function heldBy(bundles: readonly EarlierBundle[]): Held {
  const manifests = bundles.map(({ manifest }) => manifest);
  return {
    base: { bundles: bundles.map(({ id, manifest: { name } }) => ({ name, id })) },
    blobs: new Set(manifests.flatMap(({ models }) => models.flatMap(({ blobs }) => blobs))),
    images: manifests.flatMap(({ images }) => images),
  };
}

/** What the site has by any of these. */
export function heldByAll(all: readonly Held[]): Held | undefined {
  if (all.length === 0) return undefined;
  const site = all.find(({ base }) => base.site !== undefined)?.base.site;
  return {
    base: { bundles: all.flatMap(({ base }) => base.bundles), ...(site !== undefined && { site }) },
    blobs: new Set(all.flatMap(({ blobs }) => [...blobs])),
    images: all.flatMap(({ images }) => images),
  };
}

/** Whether the site has this very image: by its config's digest, or where that is not known by all of its layers. */
export function holdsImage({ images }: Held, { configDigest, diffIds }: HeldImage): boolean {
  return images.some((image) =>
    image.configDigest === undefined || configDigest === undefined
      ? image.diffIds.join() === diffIds.join()
      : image.configDigest === configDigest,
  );
}

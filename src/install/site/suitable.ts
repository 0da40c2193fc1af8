import type { BundledImage, ModelsJson } from "../../bundle/models-json.ts";
import { BundleError, HostError } from "../../core/errors.ts";
import { displayModelName, parseModelName } from "../../core/model-name.ts";
import { MAX_IMAGE_LAYERS } from "../image-with-models.ts";
import type { Selection } from "../select-models.ts";

/** The bundle's Ollama image. Throws {@link BundleError} UNSUITABLE where it has none. */
export function ollamaImageOf({ name, images }: Pick<ModelsJson, "name" | "images">): BundledImage {
  const image = images.find(({ role }) => role === "ollama");
  if (image !== undefined) return image;
  throw new BundleError(
    "UNSUITABLE",
    `Cannot run "${name}" in a container: it was created without an image (--image none)`,
    {
      hint: "Install it with --models-in native --store DIR, or create it again with an image.",
    },
  );
}

/** Throws {@link BundleError} UNSUITABLE where there are no models to put into a store. */
export function assertHasModels({ name }: Pick<ModelsJson, "name">, { models }: Selection): void {
  if (models.length > 0) return;
  throw new BundleError(
    "UNSUITABLE",
    `Cannot install "${name}" into a store: it has an image and no models`,
    {
      hint: "Install it with --models-in image, or create it again with models.",
    },
  );
}

/** Throws {@link BundleError} UNSUITABLE for a delta whose models are to go into an image: its layers need every byte of them. */
export function assertNoDelta({ name, delta }: Pick<ModelsJson, "name" | "delta">): void {
  if (delta === undefined) return;
  throw new BundleError(
    "UNSUITABLE",
    `Cannot put the models of "${name}" into an image: it is a delta, and the layers of an image need every byte of what it leaves out`,
    {
      hint: "Install it with --models-in volume, dir:PATH or native, where the site keeps its models; or create it without --since and --site.",
    },
  );
}

/** Throws {@link BundleError} UNSUITABLE where the image would have more layers than an engine mounts. */
export function assertFewLayers({ diffIds }: BundledImage, modelLayers: number): void {
  const layers = diffIds.length + modelLayers;
  if (layers <= MAX_IMAGE_LAYERS) return;
  throw new BundleError(
    "UNSUITABLE",
    `Cannot put these models into an image: it would have ${layers} layers, and engines mount at most ${MAX_IMAGE_LAYERS}`,
    { hint: "Use --models-in volume." },
  );
}

/** Throws {@link HostError} for a model whose registry has a port, on Windows: its directory would need a colon. */
export function assertNamesFit({ models }: Selection, platform: NodeJS.Platform): void {
  const unfit = models
    .map(({ name }) => parseModelName(name))
    .find(({ host }) => platform === "win32" && host.includes(":"));
  if (unfit === undefined) return;
  throw new HostError(
    "WRONG_PLATFORM",
    `Cannot install "${displayModelName(unfit)}" into a store on Windows: its directory would be "${unfit.host}", and Windows allows no colon in a name`,
    { hint: "Leave it out with --only, or use --models-in volume." },
  );
}

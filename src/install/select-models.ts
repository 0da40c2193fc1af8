import { manifestPathOf, wantedPaths } from "./model-paths.ts";
import type {
  BundledFile,
  BundledModel,
  ModelLayer,
  ModelsJson,
  OmittedFile,
} from "../bundle/models-json.ts";
import { BundleError, DefinitionError } from "../core/errors.ts";
import { displayModelName, fullModelName, parseModelName } from "../core/model-name.ts";

/** What of a bundle's models is installed. */
export interface Selection {
  readonly models: readonly BundledModel[];
  /** Files `models/blobs/…`, each once, in the bundle's order. */
  readonly blobs: readonly BundledFile[];
  /** Files `models/manifests/…`. */
  readonly manifests: readonly BundledFile[];
  /** Of a delta: `models/blobs/…` that this host must hold. */
  readonly omitted: readonly OmittedFile[];
}

/** The models named by `only`, or all. Throws {@link DefinitionError} for a name that the bundle does not have. */
export function selectModels(
  manifest: Pick<ModelsJson, "models" | "files" | "delta">,
  only?: readonly string[],
): Selection {
  const models = only === undefined ? manifest.models : modelsNamed(manifest.models, only);
  const paths = wantedPaths(models);
  const files = manifest.files.filter(({ path }) => paths.has(path));
  return {
    models,
    blobs: files.filter(({ path }) => path.startsWith("models/blobs/")),
    manifests: files.filter(({ path }) => path.startsWith("models/manifests/")),
    omitted: (manifest.delta?.omitted ?? []).filter(({ path }) => paths.has(path)),
  };
}

/**
 * The image layers that hold the selected models. Throws {@link BundleError} UNSUITABLE where a layer that is needed brings a
 * model that was not selected: Ollama would list that one without its weights.
 */
export function selectLayers(
  manifest: Pick<ModelsJson, "models" | "modelLayers">,
  { models }: Selection,
): readonly ModelLayer[] {
  const wanted = wantedPaths(models);
  const layers = layersWith(manifest.modelLayers, wanted, new Set(models.map(manifestPathOf)));
  const loaded = new Set(layers.flatMap(({ paths }) => paths));
  const missing = [...wanted].find((path) => !loaded.has(path));
  if (missing !== undefined)
    throw unsuitable(`"${missing}" is in none of the bundle's image layers`);
  const extra = manifest.models.find(
    (model) => !models.includes(model) && loaded.has(manifestPathOf(model)),
  );
  if (extra !== undefined)
    throw unsuitable(`"${shownModel(extra)}" shares an image layer with a model that you want`);
  return layers;
}

/** The layers with these manifests, which hold small blobs again that models share; and others for what these lack. */
function layersWith(
  layers: readonly ModelLayer[],
  wanted: ReadonlySet<string>,
  manifests: ReadonlySet<string>,
): ModelLayer[] {
  const own = layers.filter(({ paths }) => paths.some((path) => manifests.has(path)));
  const held = new Set(own.flatMap(({ paths }) => paths));
  return layers.filter(
    (layer) =>
      own.includes(layer) || layer.paths.some((path) => wanted.has(path) && !held.has(path)),
  );
}

/** A model's name as Ollama prints it. */
export function shownModel({ name }: Pick<BundledModel, "name">): string {
  return displayModelName(parseModelName(name));
}

function modelsNamed(models: readonly BundledModel[], only: readonly string[]): BundledModel[] {
  const wanted = new Set(only.map((name) => fullModelName(parseModelName(name)).toLowerCase()));
  const found = models.filter(({ name }) => wanted.delete(name.toLowerCase()));
  const [missing] = wanted;
  if (missing === undefined) return found;
  const there = models.map(shownModel).join(", ");
  throw new DefinitionError(
    "USAGE",
    `Cannot install "${shownModel({ name: missing })}" alone: the bundle does not have it`,
    {
      hint: there === "" ? "The bundle has no models." : `The bundle has ${there}.`,
    },
  );
}

function unsuitable(what: string): BundleError {
  return new BundleError(
    "UNSUITABLE",
    `Cannot install these models alone as part of an image: ${what}`,
    {
      hint: "Use --models-in volume, or leave --only out.",
    },
  );
}

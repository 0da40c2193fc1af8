import type { WorkOptions } from "./core/progress.ts";
import type { RegistrySettings } from "./registry/registry-settings.ts";
import type { CreatePlan } from "./source/create-plan.ts";

export interface CreateOptions extends WorkOptions, RegistrySettings {
  /** Path of the bundle. */
  readonly output: string;
  /** Bytes of each part, where the bundle is to be written in parts. */
  readonly partSize?: number | undefined;
  /** Replace what is there. */
  readonly force?: boolean | undefined;
  /**
   * The staging volume; by default `ollama-bundle/staging` below XDG_CACHE_HOME or ~/.cache. With `pullWith`, `volume:NAME` of
   * the Docker volume that is pulled into, and what is brought here from there goes to the default.
   */
  readonly staging?: string | undefined;
  /** `ollama`: the models are pulled by the Ollama of the image that is packed, instead of by us. */
  readonly pullWith?: string | undefined;
  /** An existing model store to take the models from, instead of a registry: `DIR`, `volume:NAME` or `container:NAME`. */
  readonly fromStore?: string | undefined;
  /** A mirror for names whose host is registry.ollama.ai. */
  readonly modelRegistry?: string | undefined;
  /** Bundles that the site has installed, or their MODELS.json: what they brought is left out. */
  readonly since?: readonly string[] | undefined;
  /** The site file of the site that this is for: what it holds is left out. */
  readonly site?: string | undefined;
  /** An earlier bundle, or its MODELS.json, of which every model and image must still be what it was there. */
  readonly locked?: string | undefined;
  /** Stop after the plan. */
  readonly dryRun?: boolean | undefined;
  /** Called with the plan before anything is fetched, and again once models are pulled of which nothing was known before. */
  readonly onPlan?: ((plan: CreatePlan) => void) | undefined;
}

import { resolve } from "node:path";
import type { WorkOptions } from "../core/progress.ts";
import type { StoreLocation } from "../definition/store-location.ts";
import { connectEngine } from "../engine/connect-engine.ts";
import { openDirectoryStore } from "./directory-store.ts";
import { openEngineStore } from "./engine-store.ts";
import type { ModelStore } from "./model-store.ts";
import { type RegistryModelOptions, createRegistryModelSource } from "./registry-models.ts";
import type { ModelSource } from "./source.ts";
import { createStoreModelSource } from "./store-models.ts";

export interface ChosenModels extends ModelSource, AsyncDisposable {}

export interface ChooseModelsOptions extends RegistryModelOptions, WorkOptions {
  readonly env: Readonly<NodeJS.ProcessEnv>;
}

/** The source of models: a store, where one is named, and the registry for what it lacks; else the registry. */
export async function chooseModels(
  location: StoreLocation | undefined,
  options: ChooseModelsOptions,
): Promise<ChosenModels> {
  const registry = createRegistryModelSource(options);
  await using stack = new AsyncDisposableStack();
  const source =
    location === undefined
      ? registry
      : createStoreModelSource({
          store: stack.use(await openStore(location, options)),
          elsewhere: {
            fetchBlob: (named, work) => registry.fetchBlob(named, work),
            whenFetched: "It was fetched from the registry instead",
            whenNot: "it cannot be had from the registry",
            hint: "Or run this where the registry can be reached.",
          },
        });
  const owned = stack.move();
  return { ...source, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function openStore(
  location: StoreLocation,
  { volume, env, signal, onProgress }: ChooseModelsOptions,
): Promise<ModelStore & AsyncDisposable> {
  const options = { volume, signal, onProgress };
  if (location.kind === "directory") return openDirectoryStore(resolve(location.name), options);
  return openEngineStore(location, { ...options, engine: await connectEngine({ env, signal }) });
}

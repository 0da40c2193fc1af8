import { findBundle } from "./bundle/find-bundle.ts";
import { ChunkPool } from "./core/chunks/pool.ts";
import { keepingWarnings } from "./core/progress.ts";
import { openToInstall } from "./install/damage-elsewhere.ts";
import { findNativeStore } from "./install/store/find-native-store.ts";
import { readPlace } from "./install/install-options.ts";
import { newInstallationId } from "./install/installation-id.ts";
import type { EnginePlace } from "./install/models-place.ts";
import { selectModels } from "./install/select-models.ts";
import { installIntoStore } from "./install-into-store.ts";
import { installOnEngine } from "./install-on-engine.ts";
import type { InstallOptions, InstallReport } from "./install-run.ts";

export type { InstallOptions, InstallReport } from "./install-run.ts";

/**
 * Installs a bundle, in one pass over it: as a container, or into the store of an Ollama on this host. When it fails,
 * everything that it did is undone, and what ran before still runs. Throws {@link BundleError}, {@link EngineError},
 * {@link HostError}, {@link HealthError}, or {@link DefinitionError} for options that make no sense.
 */
export async function installBundle(options: InstallOptions): Promise<InstallReport> {
  const { env = process.env, now = () => new Date(), keepOnFailure = false } = options;
  const place = await placeOf(options, env);
  const file = await findBundle(options.bundle);
  await using pool = new ChunkPool();
  await using bundle = await openToInstall(file, options, pool);
  const selection = selectModels(bundle.manifest, options.only);
  const startedAt = now();
  const id = newInstallationId(startedAt);
  const told = keepingWarnings(options);
  const run = { options, now, id, startedAt, bundle, pool, selection, env, keepOnFailure, ...told };
  if (place.kind === "native") return await installIntoStore(run, place.store);
  return await installOnEngine(run, place);
}

/** The place that is wished for, with the store where Ollama runs natively. */
async function placeOf(
  options: InstallOptions,
  env: Readonly<NodeJS.ProcessEnv>,
): Promise<EnginePlace | { readonly kind: "native"; readonly store: string }> {
  const place = readPlace(options);
  if (place.kind !== "native") return place;
  const { store, platform, onProgress } = options;
  if (store !== undefined) return { kind: "native", store };
  const { directory, because } = await findNativeStore({ env, platform });
  onProgress?.({ kind: "step", text: `Ollama's models are in "${directory}": ${because}` });
  return { kind: "native", store: directory };
}

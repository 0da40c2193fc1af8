import { freemem, totalmem } from "node:os";
import type { BundleReader } from "../../bundle/bundle-reader.ts";
import { siteMustHold } from "../../bundle/delta/site-must-hold.ts";
import type { ChunkPool } from "../../core/chunks/pool.ts";
import type { WorkOptions } from "../../core/progress.ts";
import type { InstallPlan } from "../install-plan.ts";
import { type ModelsAsked, modelChanges } from "../model-changes.ts";
import { memoryWarnings } from "../memory.ts";
import { modelsInStore } from "../models-there.ts";
import { proveInStore } from "./prove-in-store.ts";
import { refuseIfAny } from "../problems.ts";
import { measureSpace, spaceProblem, spaceWarning } from "../space.ts";
import { storeInDirectory } from "./store-content.ts";
import { type Store, inStore } from "./store.ts";
import { assertHasModels, assertNamesFit } from "../site/suitable.ts";
import { assertWritable, storeSpace } from "./survey-store.ts";

export interface StoreInstall extends ModelsAsked {
  readonly bundle: BundleReader;
  readonly store: Store;
  readonly pool: ChunkPool;
  /** Default: this machine's. */
  readonly platform?: NodeJS.Platform | undefined;
}

/** Looks at the store and changes nothing. Throws {@link HostError} for what is in the way, and {@link BundleError} UNSUITABLE. */
export async function planInStore(
  install: StoreInstall,
  options: WorkOptions,
): Promise<InstallPlan> {
  const { bundle, selection, store, pool, platform = process.platform } = install;
  assertHasModels(bundle.manifest, selection);
  assertNamesFit(selection, platform);
  await assertWritable(store, selection);
  const space = await measureSpace([await storeSpace(store, selection)]);
  const toProve = { selection, mustHold: siteMustHold(bundle.manifest) };
  const base = await proveInStore(storeInDirectory(store.root, pool), toProve, options);
  refuseIfAny(
    bundle.path,
    [...space.map(spaceProblem), base].filter((problem) => problem !== undefined),
  );
  return {
    bundle: { name: bundle.manifest.name, id: bundle.id },
    modelsIn: "native",
    platform: bundle.manifest.platform,
    names: { store: store.root },
    ...modelChanges(install, await inStore(store.root, () => modelsInStore(store))),
    space,
    warnings: [
      ...space.flatMap((need) => spaceWarning(need) ?? []),
      ...memoryWarnings(selection.models, { total: totalmem(), free: freemem() }),
    ],
  };
}

import { totalmem } from "node:os";
import type { BundleReader } from "../bundle/bundle-reader.ts";
import { siteMustHold } from "../bundle/site-must-hold.ts";
import type { ChunkPool } from "../core/chunks/pool.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { InstallPlan } from "./install-plan.ts";
import { memoryWarnings } from "./memory.ts";
import { proveInStore } from "./prove-in-store.ts";
import { refuseIfAny } from "./problems.ts";
import type { Selection } from "./select-models.ts";
import { spaceProblem, spaceWarning, storeSpace } from "./space.ts";
import { storeInDirectory } from "./store-content.ts";
import type { Store } from "./store.ts";
import { assertHasModels, assertNamesFit } from "./suitable.ts";
import { assertWritable } from "./survey-store.ts";

export interface StoreInstall {
  readonly bundle: BundleReader;
  readonly selection: Selection;
  readonly store: Store;
  readonly pool: ChunkPool;
  /** Default: this machine's. */
  readonly platform?: NodeJS.Platform | undefined;
}

/** Looks at the store and changes nothing. Throws {@link HostError} for what is in the way, and {@link BundleError} UNSUITABLE. */
export async function planInStore(
  { bundle, selection, store, pool, platform = process.platform }: StoreInstall,
  options: WorkOptions,
): Promise<InstallPlan> {
  assertHasModels(bundle.manifest, selection);
  assertNamesFit(selection, platform);
  await assertWritable(store, selection);
  const space = await storeSpace(store, selection);
  const mustHold = siteMustHold(bundle.manifest);
  const content = storeInDirectory(store.root, pool);
  const base = await proveInStore(content, { selection, mustHold }, options);
  refuseIfAny(
    bundle.path,
    [spaceProblem(space), base].filter((problem) => problem !== undefined),
  );
  return {
    bundle: { name: bundle.manifest.name, id: bundle.id },
    modelsIn: "native",
    platform: bundle.manifest.platform,
    names: { store: store.root },
    models: selection.models.map(({ name, digest, size }) => ({ name, digest, size })),
    space: [space],
    warnings: [
      ...[spaceWarning(space) ?? []].flat(),
      ...memoryWarnings(selection.models, totalmem()),
    ],
  };
}

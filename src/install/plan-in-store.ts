import { totalmem } from "node:os";
import type { BundleReader } from "../bundle/bundle-reader.ts";
import type { InstallPlan } from "./install-plan.ts";
import { memoryWarnings } from "./memory.ts";
import { refuseIfAny } from "./problems.ts";
import type { Selection } from "./select-models.ts";
import { spaceProblem, spaceWarning, storeSpace } from "./space.ts";
import type { Store } from "./store.ts";
import { assertHasModels, assertNamesFit } from "./suitable.ts";
import { assertWritable } from "./survey-store.ts";

export interface StoreInstall {
  readonly bundle: BundleReader;
  readonly selection: Selection;
  readonly store: Store;
  /** Default: this machine's. */
  readonly platform?: NodeJS.Platform | undefined;
}

/** Looks at the store and changes nothing. Throws {@link HostError} for what is in the way, and {@link BundleError} UNSUITABLE. */
export async function planInStore({
  bundle,
  selection,
  store,
  platform = process.platform,
}: StoreInstall): Promise<InstallPlan> {
  assertHasModels(bundle.manifest, selection);
  assertNamesFit(selection, platform);
  await assertWritable(store, selection);
  const space = await storeSpace(store, selection);
  refuseIfAny(bundle.path, [spaceProblem(space) ?? []].flat());
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

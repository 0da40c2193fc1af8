import { sha256Hex } from "../core/digest.ts";
import type { InstallPlan } from "./install-plan.ts";
import { manifestPathOf, pathInStore } from "./model-paths.ts";
import { type ModelsThere, describeModels, otherModels } from "./models-there.ts";
import type { BundledModel } from "../bundle/models-json.ts";
import type { Selection } from "./select-models.ts";

export interface ModelsAsked {
  /** What is not among the others: all of the bundle's, or those that an image is made of. */
  readonly bundled: readonly BundledModel[];
  readonly selection: Selection;
  readonly exact: boolean;
}

/**
 * What becomes of each model: the same in every place. Those that the bundle does not name stay, and are removed with `exact`
 * alone; those that it names and that were not selected stay in any case.
 */
export function modelChanges(
  { bundled, selection, exact }: ModelsAsked,
  there: ModelsThere,
): Pick<InstallPlan, "models" | "others"> {
  return {
    models: selection.models.map(({ name, digest, size }) => {
      const found = there.get(pathInStore(manifestPathOf({ name })));
      const isSame = found !== undefined && sha256Hex(found) === digest;
      const change = found === undefined ? "add" : isSame ? "keep" : "replace";
      return { name, digest, size, change };
    }),
    others: describeModels(otherModels(there, bundled)).map((model) => ({
      ...model,
      change: exact ? "remove" : "keep",
    })),
  };
}

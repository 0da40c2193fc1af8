import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { BundledModel } from "../../bundle/models-json.ts";
import { manifestPathOf, pathInStore } from "../model-paths.ts";
import { type Store, inStore } from "./store.ts";

/**
 * Models with the time at which their manifest in the store was written, in milliseconds since 1970. A server that uses
 * another store, which may have the same models, tells other times.
 */
export async function withManifestTimes(
  store: Store,
  models: readonly BundledModel[],
): Promise<(BundledModel & { readonly modifiedAt: number })[]> {
  return inStore(store.root, () =>
    Promise.all(
      models.map(async (model) => {
        const path = join(store.root, pathInStore(manifestPathOf(model)));
        const { mtimeNs } = await stat(path, { bigint: true });
        return { ...model, modifiedAt: Number(mtimeNs / 1_000_000n) };
      }),
    ),
  );
}

import type { SiteMustHold } from "../../bundle/delta/site-must-hold.ts";
import type { HostError } from "../../core/errors.ts";
import { type WorkOptions, countBytes } from "../../core/progress.ts";
import { lostBlobs } from "./fill-store.ts";
import { pathInStore } from "../model-paths.ts";
import { type Unproven, baseDisappeared, baseProblem, omittedBlob } from "../site/prove-omitted.ts";
import type { Selection } from "../select-models.ts";
import type { StoreContent } from "./store-content.ts";
import type { Store } from "./store.ts";

interface ToProve {
  readonly selection: Selection;
  readonly mustHold: SiteMustHold | undefined;
}

/** Hashes every blob that a delta left out, where the store should have it. Returns the problem, or undefined where all are proven. */
export async function proveInStore(
  store: StoreContent,
  { selection: { omitted }, mustHold }: ToProve,
  { signal, onProgress }: WorkOptions,
): Promise<HostError | undefined> {
  if (mustHold === undefined || omitted.length === 0) return undefined;
  onProgress?.({ kind: "step", text: `Checking what ${store.label} has already` });
  const total = omitted.reduce((sum, { size }) => sum + size, 0);
  const onBytes = countBytes("blobs that are there", total, onProgress);
  const unproven: Unproven[] = [];
  for (const blob of omitted) {
    const found = await store.hash(pathInStore(blob.path), { signal, onBytes });
    if (found?.sha256 === blob.sha256) continue;
    const how = found === undefined ? "is not there" : "is damaged";
    unproven.push({ what: omittedBlob(blob, mustHold), how });
  }
  return unproven.length === 0 ? undefined : baseProblem(store.label, unproven, mustHold.base);
}

/** Throws {@link HostError} where a blob that was left out is gone now. */
export async function assertOmittedStayed(store: Store, { omitted }: Selection): Promise<void> {
  const [lost] = await lostBlobs(store, omitted);
  if (lost !== undefined) throw baseDisappeared(`the store "${store.root}"`, lost);
}

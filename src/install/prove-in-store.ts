import { join } from "node:path";
import type { OmittedFile } from "../bundle/models-json.ts";
import type { SiteMustHold } from "../bundle/site-must-hold.ts";
import { fileSha256 } from "../core/chunks/file-sha256.ts";
import type { ChunkPool } from "../core/chunks/pool.ts";
import { HostError } from "../core/errors.ts";
import { type WorkOptions, countBytes } from "../core/progress.ts";
import { lostBlobs } from "./fill-store.ts";
import { pathInStore } from "./model-paths.ts";
import { type Unproven, baseProblem, omittedBlob } from "./prove-omitted.ts";
import type { Selection } from "./select-models.ts";
import { type Store, inStore, statOrUndefined } from "./store.ts";

interface ProveInStore {
  readonly store: Store;
  readonly selection: Selection;
  readonly mustHold: SiteMustHold | undefined;
  readonly pool: ChunkPool;
}

/** Hashes every blob that a delta left out, where the store should have it. Returns the problem, or undefined where all are proven. */
export async function proveInStore(
  { store, selection: { omitted }, mustHold, pool }: ProveInStore,
  { signal, onProgress }: WorkOptions,
): Promise<HostError | undefined> {
  if (mustHold === undefined || omitted.length === 0) return undefined;
  onProgress?.({ kind: "step", text: `Checking what the store "${store.root}" has already` });
  const total = omitted.reduce((sum, { size }) => sum + size, 0);
  const onBytes = countBytes("blobs that are there", total, onProgress);
  const unproven: Unproven[] = [];
  for (const blob of omitted) {
    const path = join(store.root, pathInStore(blob.path));
    const how = await inStore(store.root, () => flawOf(path, blob, { pool, signal, onBytes }));
    if (how !== undefined) unproven.push({ what: omittedBlob(blob, mustHold), how });
  }
  return baseProblem(`the store "${store.root}"`, unproven, mustHold);
}

/**
 * Throws {@link HostError} where a blob that was left out is gone now: an Ollama that starts in the middle of an installation
 * deletes old blobs whose manifests are not there yet.
 */
export async function assertOmittedStayed(store: Store, { omitted }: Selection): Promise<void> {
  const [lost] = await lostBlobs(store, omitted);
  if (lost === undefined) return;
  throw new HostError(
    "BASE_MISSING",
    `Cannot install into the store "${store.root}": "${pathInStore(lost.path)}", which the bundle relies on, disappeared meanwhile`,
    { hint: "Bring a bundle that was created without --since and --site." },
  );
}

async function flawOf(
  path: string,
  { size, sha256 }: OmittedFile,
  { pool, ...options }: { readonly pool: ChunkPool } & Parameters<typeof fileSha256>[2],
): Promise<Unproven["how"] | undefined> {
  const stats = await statOrUndefined(path);
  if (stats === undefined) return "is not there";
  if (!stats.isFile() || stats.size !== size) return "is damaged";
  const found = await fileSha256(path, pool, options);
  return found.sha256 === sha256 ? undefined : "is damaged";
}

import type { BundledFile } from "../bundle/models-json.ts";
import type { WorkOptions } from "../core/progress.ts";
import {
  type FillStore,
  putBlobs,
  putManifests,
  removeTemporary,
  restoreLostBlobs,
} from "./fill-store.ts";
import type { Journal } from "./journal.ts";
import { pathInStore } from "./model-paths.ts";
import { assertOmittedStayed } from "./prove-in-store.ts";
import type { Selection } from "./select-models.ts";
import { surveyStore } from "./survey-store.ts";

export interface ModelsIntoStore extends FillStore {
  readonly selection: Selection;
  readonly journal: Journal;
}

/** Writes the blobs that the store lacks or holds damaged, and returns those that are new there. No manifest names them yet. */
export async function writeStoreBlobs(
  into: ModelsIntoStore,
  options: WorkOptions,
): Promise<readonly BundledFile[]> {
  const { store, temporary, journal } = into;
  options.onProgress?.({ kind: "step", text: `Writing models into the store "${store.root}"` });
  const survey = await surveyStore(into, options);
  await journal.add({
    kind: "storeFiles",
    store: store.root,
    temporary,
    blobs: survey.missing.map(({ path }) => pathInStore(path)),
    manifests: [...survey.manifests],
    directories: [...survey.newDirectories],
  });
  await putBlobs(into, [...survey.missing, ...survey.damaged], options);
  return survey.missing;
}

/** Makes the blobs models, once every byte of the bundle was checked. */
export async function writeStoreManifests(
  into: ModelsIntoStore,
  options: WorkOptions,
): Promise<void> {
  const { selection } = into;
  await putManifests(into, selection.manifests, options);
  await restoreLostBlobs(into, selection.blobs, options);
  await assertOmittedStayed(into.store, selection);
  await removeTemporary(into);
}

import type { BundledFile } from "../bundle/models-json.ts";
import type { WorkOptions } from "../core/progress.ts";
import {
  type FillStore,
  freshenBlobs,
  putBlobs,
  putManifests,
  removeTemporary,
  restoreLostBlobs,
} from "./fill-store.ts";
import type { Journal } from "./journal.ts";
import { pathInStore } from "./model-paths.ts";
import type { ModelsTarget } from "./models-target.ts";
import type { Selection } from "./select-models.ts";
import { surveyStore } from "./survey-store.ts";

export interface ModelsIntoStore extends FillStore {
  readonly selection: Selection;
  readonly journal: Journal;
}

/** An Ollama models directory on this host, for Ollama itself or for a container. */
export function storeTarget(into: ModelsIntoStore): ModelsTarget {
  return {
    writeBlobs: (options) => writeBlobs(into, options),
    writeManifests: (options) => writeManifests(into, options),
  };
}

async function writeBlobs(
  into: ModelsIntoStore,
  options: WorkOptions,
): Promise<readonly BundledFile[]> {
  const { store, temporary, journal, selection } = into;
  options.onProgress?.({ kind: "step", text: `Writing models into the store "${store.root}"` });
  await freshenBlobs(into, selection.blobs);
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

async function writeManifests(into: ModelsIntoStore, options: WorkOptions): Promise<void> {
  const { selection } = into;
  await freshenBlobs(into, selection.blobs);
  await putManifests(into, selection.manifests, options);
  await restoreLostBlobs(into, selection.blobs, options);
  await removeTemporary(into);
}

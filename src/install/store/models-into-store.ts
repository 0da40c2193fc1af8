import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { WorkOptions } from "../../core/progress.ts";
import {
  type FillStore,
  freshenBlobs,
  putBlobs,
  putManifests,
  removeTemporary,
  restoreLostBlobs,
} from "./fill-store.ts";
import { replacedManifests } from "../journal-step.ts";
import type { Journal } from "../journal.ts";
import { manifestPathsIn, pathInStore } from "../model-paths.ts";
import type { ModelsTarget, WrittenBlobs } from "../models-target.ts";
import { type ModelsThere, blobsNamedBy, modelsInStore } from "../models-there.ts";
import { assertOmittedStayed } from "./prove-in-store.ts";
import type { Selection } from "../select-models.ts";
import { type Store, inStore } from "./store.ts";
import { surveyStore } from "./survey-store.ts";

export interface ModelsIntoStore extends FillStore {
  readonly selection: Selection;
  readonly journal: Journal;
}

/** An Ollama models directory on this host, for Ollama itself or for a container. */
export function storeTarget(into: ModelsIntoStore): ModelsTarget {
  return {
    needsImage: false,
    writeBlobs: (options) => writeBlobs(into, options),
    writeManifests: (options) => writeManifests(into, options),
    removeModels: (models) => removeModels(into, models),
    removeUnnamed: (blobs) => removeUnnamed(into, blobs),
  };
}

async function writeBlobs(into: ModelsIntoStore, options: WorkOptions): Promise<WrittenBlobs> {
  const { store, temporary, journal, selection } = into;
  options.onProgress?.({ kind: "step", text: `Writing models into the store "${store.root}"` });
  await freshenBlobs(into, selection.blobs);
  const survey = await surveyStore(into, options);
  await journal.add({
    kind: "storeFiles",
    store: store.root,
    temporary,
    blobs: survey.missing.map(({ path }) => pathInStore(path)),
    manifests: replacedManifests(manifestPathsIn(selection), survey.before),
    directories: [...survey.newDirectories],
  });
  await putBlobs(into, [...survey.missing, ...survey.damaged], options);
  return { blobs: survey.missing, before: survey.before };
}

async function writeManifests(into: ModelsIntoStore, options: WorkOptions): Promise<void> {
  const { selection } = into;
  await freshenBlobs(into, selection.blobs);
  await putManifests(into, selection.manifests, options);
  await restoreLostBlobs(into, selection.blobs, options);
  await assertOmittedStayed(into.store, selection);
  await removeTemporary(into);
}

async function removeModels(
  { store, temporary, journal }: ModelsIntoStore,
  models: ModelsThere,
): Promise<void> {
  await journal.add({
    kind: "storeFiles",
    store: store.root,
    temporary,
    blobs: [],
    manifests: replacedManifests(models.keys(), models),
    directories: [],
  });
  await removeFiles(store, models.keys());
}

async function removeUnnamed(
  { store }: ModelsIntoStore,
  blobs: ReadonlySet<string>,
): Promise<void> {
  const named = blobsNamedBy(await modelsInStore(store));
  await removeFiles(
    store,
    [...blobs].filter((blob) => !named.has(blob)),
  );
}

async function removeFiles({ root }: Store, paths: Iterable<string>): Promise<void> {
  await inStore(root, async () => {
    for (const path of paths) await rm(join(root, path), { force: true });
  });
}

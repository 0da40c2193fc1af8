import { MODELS_DIRECTORY } from "../../core/model-layer.ts";
import type { WorkOptions } from "../../core/progress.ts";
import { type FillVolume, putVolumeBlobs, putVolumeManifests } from "./fill-volume.ts";
import { replacedManifests } from "../journal-step.ts";
import type { Journal } from "../journal.ts";
import { manifestPathsIn, pathInStore } from "../model-paths.ts";
import type { ModelsTarget, WrittenBlobs } from "../models-target.ts";
import { type ModelsThere, blobsNamedBy, modelsInContainer } from "../models-there.ts";
import { baseDisappeared } from "../site/prove-omitted.ts";
import { removeFromVolume } from "./remove-from-volume.ts";
import type { Selection } from "../select-models.ts";
import { emptyVolume, surveyVolume } from "./survey-volume.ts";
import { createHelper, readFromVolume } from "./volume-helper.ts";

export interface ModelsIntoVolume extends FillVolume {
  readonly selection: Selection;
  readonly journal: Journal;
  /** The container that serves from the volume, once it does. */
  readonly server: string;
  /** Whether the volume is there from an earlier installation. */
  readonly volumeExists: boolean;
  /** For a new volume. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A named volume of the engine. */
export function volumeTarget(into: ModelsIntoVolume): ModelsTarget {
  return {
    writeBlobs: (options) => writeBlobs(into, options),
    writeManifests: (options) => writeManifests(into, options),
    removeModels: (models) => removeModels(into, models),
    removeUnnamed: (blobs) => removeUnnamed(into, blobs),
  };
}

async function writeBlobs(into: ModelsIntoVolume, options: WorkOptions): Promise<WrittenBlobs> {
  const { helper, selection, journal, volumeExists } = into;
  if (!volumeExists) await createModelsVolume(into);
  await journal.add({ kind: "container", name: helper.name });
  await createHelper(helper);
  const survey = volumeExists ? await surveyVolume(into, options) : emptyVolume(selection);
  if (volumeExists) {
    const blobs = survey.missing.map(({ path }) => pathInStore(path));
    const { volume, image } = helper;
    await journal.add({
      kind: "volumeFiles",
      volume,
      image,
      blobs,
      manifests: replacedManifests(manifestPathsIn(selection), survey.before),
    });
  }
  await putVolumeBlobs(into, [...survey.missing, ...survey.damaged], options);
  return { blobs: survey.missing, before: survey.before };
}

async function writeManifests(into: ModelsIntoVolume, options: WorkOptions): Promise<void> {
  const { helper, selection } = into;
  await putVolumeManifests(into, selection.manifests, options);
  await assertOmittedStayed(into);
  await helper.engine.removeContainer(helper.name);
}

/** Throws {@link HostError} where a blob that was left out is gone now. */
async function assertOmittedStayed({ helper, selection }: ModelsIntoVolume): Promise<void> {
  for (const blob of selection.omitted) {
    const isThere = await readFromVolume(helper, pathInStore(blob.path), async () => true);
    if (isThere !== true) throw baseDisappeared(`the volume "${helper.volume}"`, blob);
  }
}

async function removeModels(
  { helper, journal }: ModelsIntoVolume,
  models: ModelsThere,
): Promise<void> {
  const { volume, image } = helper;
  const manifests = replacedManifests(models.keys(), models);
  await journal.add({ kind: "volumeFiles", volume, image, blobs: [], manifests });
  await removeFromVolume(helper, [...models.keys()]);
}

async function removeUnnamed(
  { helper, server }: ModelsIntoVolume,
  blobs: ReadonlySet<string>,
): Promise<void> {
  const from = { container: server, path: MODELS_DIRECTORY };
  const named = blobsNamedBy(await modelsInContainer(helper.engine, from));
  await removeFromVolume(
    helper,
    [...blobs].filter((blob) => !named.has(blob)),
  );
}

async function createModelsVolume({ helper, journal, labels }: ModelsIntoVolume): Promise<void> {
  await journal.add({ kind: "volume", name: helper.volume });
  await helper.engine.createVolume(helper.volume, labels);
}

import type { BundledFile } from "../bundle/models-json.ts";
import type { WorkOptions } from "../core/progress.ts";
import { type FillVolume, putVolumeBlobs, putVolumeManifests } from "./fill-volume.ts";
import type { Journal } from "./journal.ts";
import { pathInStore } from "./model-paths.ts";
import type { ModelsTarget } from "./models-target.ts";
import type { Selection } from "./select-models.ts";
import { emptyVolume, surveyVolume } from "./survey-volume.ts";
import { createHelper } from "./volume-helper.ts";

export interface ModelsIntoVolume extends FillVolume {
  readonly selection: Selection;
  readonly journal: Journal;
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
  };
}

async function writeBlobs(
  into: ModelsIntoVolume,
  options: WorkOptions,
): Promise<readonly BundledFile[]> {
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
      manifests: [...survey.manifests],
    });
  }
  await putVolumeBlobs(into, [...survey.missing, ...survey.damaged], options);
  return survey.missing;
}

async function writeManifests(into: ModelsIntoVolume, options: WorkOptions): Promise<void> {
  const { helper, selection } = into;
  await putVolumeManifests(into, selection.manifests, options);
  await helper.engine.removeContainer(helper.name);
}

async function createModelsVolume({ helper, journal, labels }: ModelsIntoVolume): Promise<void> {
  await journal.add({ kind: "volume", name: helper.volume });
  await helper.engine.createVolume(helper.volume, labels);
}

import type { BundledFile } from "../bundle/models-json.ts";
import type { ChunkPool } from "../core/chunks/pool.ts";
import type { WorkOptions } from "../core/progress.ts";
import { buildImage } from "./build-image.ts";
import { LABEL } from "./installation-id.ts";
import type { Journal } from "./journal.ts";
import { loadImage } from "./load-image.ts";
import { storeTarget } from "./models-into-store.ts";
import { type ModelsIntoVolume, volumeTarget } from "./models-into-volume.ts";
import type { ModelsTarget } from "./models-target.ts";
import type { EngineInstall, EnginePlan } from "./plan-on-engine.ts";
import { publishText } from "./publish-address.ts";
import type { Receipt } from "./receipt.ts";
import { runContainer } from "./run-container.ts";
import { temporaryDirectoryOf } from "./store-temporary.ts";
import { helperName } from "./volume-helper.ts";

/** One installation on an engine, planned and under its lock. */
export interface EngineRun extends EngineInstall {
  readonly planned: EnginePlan;
  readonly journal: Journal;
  readonly pool: ChunkPool;
  /** Its id. */
  readonly installation: string;
}

/** Each of these steps is in the journal before it begins. */

/** Loads the image, in `image` mode with the models as further layers. */
export async function loadStep(run: EngineRun, options: WorkOptions): Promise<void> {
  const { image, isLoaded } = run.planned;
  await run.journal.add({ kind: "image", name: image.name, existed: isLoaded });
  await loadImage({ ...run, image }, options);
}

/** Beside the image, writes blobs that no manifest names yet; returns those that are new there. */
export async function blobsStep(
  run: EngineRun,
  options: WorkOptions,
): Promise<readonly BundledFile[]> {
  return (await targetOf(run)?.writeBlobs(options)) ?? [];
}

/** Beside the image, makes the blobs models. */
export async function manifestsStep(run: EngineRun, options: WorkOptions): Promise<void> {
  await targetOf(run)?.writeManifests(options);
}

/** Builds the image that serves. */
export async function buildStep(run: EngineRun, options: WorkOptions): Promise<void> {
  const { tag } = run.names;
  await run.journal.add({ kind: "image", name: tag, existed: false });
  await buildImage({ ...run, base: run.planned.image.name, tag, labels: labelsOf(run) }, options);
}

/** Starts the server. */
export async function runStep(run: EngineRun, options: WorkOptions): Promise<void> {
  const { container: name, tag: image, publish, volume } = run.names;
  await run.journal.add({ kind: "container", name });
  const labels = { ...labelsOf(run), [LABEL.role]: "server" };
  await runContainer(
    {
      engine: run.engine,
      name,
      image,
      publish,
      labels,
      volume: run.place.kind === "volume" ? volume : undefined,
      directory: run.planned.store?.root,
    },
    options,
  );
}

/** What the receipt tells of it. */
export function didOnEngine({
  planned: { plan, image, volumeExists, store },
  names,
  place,
}: EngineRun): Partial<Receipt> {
  return {
    ...(plan.engine && { engine: plan.engine }),
    images: { loaded: image.name, built: names.tag },
    container: { name: names.container, publish: publishText(names.publish) },
    ...(place.kind === "volume" && { volume: { name: names.volume, created: !volumeExists } }),
    ...(store && { directory: store.root }),
  };
}

/** Where the models go that are not loaded with the image. */
function targetOf(run: EngineRun): ModelsTarget | undefined {
  const { store } = run.planned;
  if (store !== undefined)
    return storeTarget({ ...run, store, temporary: temporaryDirectoryOf(run.installation) });
  return run.place.kind === "volume" ? volumeTarget(intoVolume(run)) : undefined;
}

function intoVolume(run: EngineRun): ModelsIntoVolume {
  const { engine, names, installation, planned } = run;
  const helper = {
    engine,
    volume: names.volume,
    name: helperName(installation),
    image: planned.image.name,
    installation,
  };
  return {
    ...run,
    helper,
    volumeExists: planned.volumeExists,
    labels: { ...labelsOf(run), [LABEL.role]: "models" },
  };
}

function labelsOf({ bundle, installation }: EngineRun): Record<string, string> {
  return { [LABEL.installation]: installation, [LABEL.bundle]: bundle.id };
}

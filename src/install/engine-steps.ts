import { messageOf } from "../core/errors.ts";
import type { WorkOptions } from "../core/progress.ts";
import { buildImage } from "./build-image.ts";
import { emptyImageName } from "./image-names.ts";
import { LABEL } from "./installation-id.ts";
import type { Journal } from "./journal.ts";
import { loadImage } from "./load-image.ts";
import { storeTarget } from "./store/models-into-store.ts";
import { type ModelsIntoVolume, volumeTarget } from "./volume/models-into-volume.ts";
import { IMAGE_TARGET, type ModelsTarget } from "./models-target.ts";
import type { EngineInstall } from "./engine-install.ts";
import type { EnginePlan } from "./plan-on-engine.ts";
import { publishText } from "./publish-address.ts";
import type { Receipt } from "./receipt.ts";
import { runContainer } from "./run-container.ts";
import { temporaryDirectoryOf } from "./store/store-temporary.ts";
import { helperName } from "./volume/volume-helper.ts";

/** One installation on an engine, planned and under its lock. */
export interface EngineRun extends EngineInstall {
  readonly planned: EnginePlan;
  readonly journal: Journal;
  /** Its id. */
  readonly installation: string;
}

/** What it takes to load the image. */
export interface LoadRun extends Pick<EngineRun, "engine" | "bundle" | "journal" | "installation"> {
  readonly planned: Pick<EnginePlan, "image" | "isLoaded">;
}

/** Each of these steps is in the journal before it begins. */

/** Loads the image, in `image` mode with the models as further layers; one that a delta left out only gets its name. */
export async function loadStep(run: LoadRun, options: WorkOptions): Promise<void> {
  const { image, isLoaded } = run.planned;
  await run.journal.add({ kind: "image", name: image.name, existed: isLoaded });
  if (isLoaded) return;
  if ("existing" in image) await run.engine.tag(image.existing, image.name);
  else await loadImage({ ...run, image }, options);
}

/** Builds the image that serves. */
export async function buildStep(run: EngineRun, options: WorkOptions): Promise<void> {
  const { tag } = run.names;
  const previous = run.planned.replacedImage?.id;
  await run.journal.add({ kind: "image", name: tag, existed: false, previous });
  await buildImage({ ...run, base: run.planned.image.name, tag, labels: labelsOf(run) }, options);
}

/** Starts the server, in the place of one of ours where there is one. */
export async function runStep(run: EngineRun, options: WorkOptions): Promise<void> {
  const { container: name, tag: image, publish, volume, network } = run.names;
  await setAside(run);
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
      network,
    },
    options,
  );
}

/** Removes what the new server replaced. To be called when nothing is undone any more; that it fails is a warning. */
export async function removeReplaced(run: EngineRun, { onProgress }: WorkOptions): Promise<void> {
  const {
    engine,
    planned: { replacedImage },
  } = run;
  const aside = asideNameOf(run);
  try {
    if (aside !== undefined) await engine.removeContainer(aside);
    if (replacedImage === undefined) return;
    const { id } = replacedImage;
    if ((await engine.image(id))?.tags.length === 0) await engine.removeImage(id);
  } catch (error) {
    const text = `What was replaced is still there: ${messageOf(error)}`;
    onProgress?.({ kind: "warning", text });
  }
}

/** Stops a container that is to be replaced, and gives its name to the next. */
async function setAside(run: EngineRun): Promise<void> {
  const { engine, planned, journal } = run;
  const aside = asideNameOf(run);
  if (planned.replaced === undefined || aside === undefined) return;
  const { name, id, isRunning: wasRunning } = planned.replaced;
  await journal.add({ kind: "replacedContainer", name, aside, id, wasRunning });
  await engine.stopContainer(name);
  await engine.renameContainer(name, aside);
}

/** The name that a replaced container has until the new one serves. */
export function asideNameOf({ planned, installation }: EngineRun): string | undefined {
  return planned.replaced && `ollama-bundle-before-${installation}`;
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
    ...(names.network !== undefined && { network: names.network }),
    ...(place.kind === "volume" && { volume: { name: names.volume, created: !volumeExists } }),
    ...(store && { directory: store.root }),
  };
}

/** Where the models go that are not loaded with the image. */
export function targetOf(run: EngineRun): ModelsTarget {
  const { store } = run.planned;
  if (store !== undefined)
    return storeTarget({ ...run, store, temporary: temporaryDirectoryOf(run.installation) });
  return run.place.kind === "volume" ? volumeTarget(intoVolume(run)) : IMAGE_TARGET;
}

function intoVolume(run: EngineRun): ModelsIntoVolume {
  const { engine, names, installation, planned } = run;
  const helper = {
    engine,
    volume: names.volume,
    name: helperName(installation),
    image: planned.volumeExists ? planned.image.name : emptyImageName(installation),
    installation,
  };
  return {
    ...run,
    helper,
    image: planned.image.name,
    server: names.container,
    volumeExists: planned.volumeExists,
    labels: { ...labelsOf(run), [LABEL.role]: "models" },
  };
}

function labelsOf({ bundle, installation }: EngineRun): Record<string, string> {
  return { [LABEL.installation]: installation, [LABEL.bundle]: bundle.id };
}

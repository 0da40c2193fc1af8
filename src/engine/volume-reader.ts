import { randomBytes } from "node:crypto";
import { EngineError } from "../core/errors.ts";
import { livenessOf, thisProcess } from "../core/process-owner.ts";
import type { WorkOptions } from "../core/progress.ts";
import { NEVER_RUNS, buildEmptyImage } from "./empty-image.ts";
import type { Engine } from "./engine.ts";

/** Where the volume is in the reader. */
export const VOLUME_PATH = "/volume";

/** Names the process that made a reader, so that what a killed one left is known for that. */
const OWNER = "ollama-bundle.reader-of";

export interface VolumeReader extends AsyncDisposable {
  /** The name of a container that has the volume and never runs. */
  readonly container: string;
}

/**
 * A way to the files of a volume: engines give them out through a container only. Its image is made here from nothing, so that no
 * image need be there and no registry is asked. Both are removed in the end. Throws {@link EngineError} `NOT_FOUND` where there is
 * no such volume.
 */
export async function createVolumeReader(
  engine: Engine,
  volume: string,
  options: WorkOptions,
): Promise<VolumeReader> {
  // Engines make a volume that is not there when a container wants it.
  if ((await engine.volume(volume)) === undefined) throw noSuchVolume(engine, volume);
  await removeLeftovers(engine);
  const container = `ollama-bundle-reader-${randomBytes(6).toString("hex")}`;
  const image = `ollama-bundle.local/reader:${container}`;
  await using stack = new AsyncDisposableStack();
  stack.defer(() => engine.removeImage(image));
  await buildEmptyImage(engine, image, options);
  stack.defer(() => engine.removeContainer(container));
  await engine.createContainer({
    name: container,
    image,
    labels: { [OWNER]: thisProcess() },
    entrypoint: NEVER_RUNS,
    volumes: { [volume]: VOLUME_PATH },
    network: "none",
  });
  const owned = stack.move();
  return { container, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A reader whose process is gone would keep its volume from being removed. */
async function removeLeftovers(engine: Engine): Promise<void> {
  for (const { name, image, labels } of await engine.containers()) {
    const owner = labels[OWNER];
    if (owner === undefined || livenessOf(owner) !== "dead") continue;
    await engine.removeContainer(name);
    await engine.removeImage(image);
  }
}

function noSuchVolume({ address }: Engine, volume: string): EngineError {
  return new EngineError(
    "NOT_FOUND",
    `Cannot read the volume "${volume}": the engine at ${address} has none of that name`,
    { hint: "List them with `docker volume ls`." },
  );
}

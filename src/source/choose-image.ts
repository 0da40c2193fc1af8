import { resolve } from "node:path";
import { EngineError } from "../core/errors.ts";
import { parseImageReference } from "../core/image-reference.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { ImageFile, ImageLocation, NamedImage } from "../definition/image-location.ts";
import { type ConnectOptions, connectEngine } from "../engine/connect-engine.ts";
import type { Engine } from "../engine/engine.ts";
import type { RegistryOptions } from "../registry/registry-client.ts";
import type { StagingVolume } from "../staging/staging-volume.ts";
import { createArchiveSource } from "./archive-images.ts";
import { createEngineImageSource } from "./engine-images.ts";
import type { ResolvedFoundImage } from "./found-images.ts";
import { createOciLayoutSource } from "./oci-layout-images.ts";
import { createRegistryImageSource, registryHost } from "./registry-images.ts";
import type { ResolvedImage, Source, StagedImage } from "./source.ts";

/** The image that is wanted, and the source for it. */
export interface ChosenImage {
  /** Where it comes from, for people: `the engine at unix:///var/run/docker.sock`. */
  readonly from: string;
  /** The engine that has the image under its name once it is staged, where it comes from one. */
  readonly engine?: Engine | undefined;
  resolve(options: WorkOptions): Promise<ResolvedImage>;
  stage(resolved: ResolvedImage, options: WorkOptions): Promise<StagedImage>;
}

export interface ChooseOptions extends WorkOptions {
  readonly platform: string;
  readonly volume: StagingVolume;
  readonly registries: RegistryOptions;
  readonly env: Readonly<NodeJS.ProcessEnv>;
}

/**
 * The source for an image. A plain reference goes to the engine if one answers that runs the platform, else to the registry, with a
 * warning that says why. Throws {@link EngineError} where an engine is asked for and none answers.
 */
export async function chooseImage(
  location: ImageLocation,
  options: ChooseOptions,
): Promise<ChosenImage> {
  if ("path" in location) return fromFile(location, options);
  if (location.transport === "docker") return fromRegistry(location, options);
  if (location.transport === "any") return fromEngineOrRegistry(location, options);
  return fromEngine(location, await connectEngine(engineOptions(options)), options);
}

async function fromEngineOrRegistry(
  location: NamedImage,
  options: ChooseOptions,
): Promise<ChosenImage> {
  const { engine, whyNot } = await findEngine(options);
  if (engine !== undefined) return fromEngine(location, engine, options);
  const chosen = fromRegistry(location, options);
  const text = `"${location.reference}" comes from ${chosen.from}, and not from an engine: ${whyNot}`;
  options.onProgress?.({ kind: "warning", text });
  return chosen;
}

/** Engines before 25 keep one platform under a name: a pull of another one would take the name away from the user's image. */
async function findEngine(
  options: ChooseOptions,
): Promise<{ readonly engine?: Engine; readonly whyNot?: string }> {
  try {
    const engine = await connectEngine(engineOptions(options));
    const { platform } = await engine.info(options);
    if (platform === options.platform) return { engine };
    return { whyNot: `the one at ${engine.address} runs ${platform}, not ${options.platform}` };
  } catch (error) {
    if (error instanceof EngineError && error.code === "NO_ENGINE")
      return { whyNot: error.message };
    throw error;
  }
}

function engineOptions({ env, signal }: ChooseOptions): ConnectOptions {
  return { env, signal };
}

function fromEngine(
  { reference }: NamedImage,
  engine: Engine,
  { platform, volume, env }: ChooseOptions,
): ChosenImage {
  const source = createEngineImageSource({ engine, volume, env });
  return {
    from: `the engine at ${engine.address}`,
    engine,
    resolve: (work) => source.resolve({ reference, platform }, work),
    stage: (resolved, work) => source.stage(resolved, work),
  };
}

function fromRegistry({ reference }: NamedImage, options: ChooseOptions): ChosenImage {
  const { platform, volume, registries } = options;
  const source = createRegistryImageSource({ ...registries, volume });
  return {
    from: `the registry ${registryHost(parseImageReference(reference).registry)}`,
    ...onceResolved(source, { reference, platform }),
  };
}

function fromFile(file: ImageFile, { platform, volume }: ChooseOptions): ChosenImage {
  const { transport, name } = file;
  const path = resolve(file.path);
  const source =
    transport === "oci"
      ? createOciLayoutSource({ path, name, volume })
      : createArchiveSource({
          path,
          name,
          volume,
          kind: transport === "oci-archive" ? "oci" : "docker",
        });
  return { from: `${transport}:${path}`, ...onceResolved(source, { platform }) };
}

/** What such a source finds when it resolves is what it stages. */
function onceResolved<Wanted>(
  source: Source<Wanted, ResolvedFoundImage, StagedImage>,
  wanted: Wanted,
): Pick<ChosenImage, "resolve" | "stage"> {
  let found: ResolvedFoundImage | undefined;
  return {
    resolve: async (work) => (found = await source.resolve(wanted, work)),
    stage: async (_, work) => source.stage((found ??= await source.resolve(wanted, work)), work),
  };
}

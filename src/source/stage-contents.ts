import { sha256Hex } from "../core/digest.ts";
import type { WorkOptions } from "../core/progress.ts";
import { fullModelName } from "../core/model-name.ts";
import type { ChosenImage } from "./choose-image.ts";
import type { StagedItem } from "../staging/staged-item.ts";
import type { StagingVolume } from "../staging/staging-volume.ts";
import { type ModelFacts, describeModel } from "./describe-model.ts";
import { ollamaVersionOf } from "./engine-images.ts";
import { checkConfig } from "./model-checks.ts";
import type {
  ModelSource,
  ResolvedImage,
  ResolvedModel,
  StagedImage,
  StagedModel,
} from "./source.ts";

/** Where the contents of one bundle come from. */
export interface Sources {
  readonly models: ModelSource;
  /** Missing when no image is packed. */
  readonly image?: ChosenImage | undefined;
}

export interface StagedOllama extends StagedImage {
  readonly role: "ollama";
  readonly ollamaVersion?: string;
}

export interface StagedContents {
  readonly images: readonly StagedOllama[];
  readonly models: readonly (StagedModel & { readonly facts: ModelFacts })[];
}

interface StageModelsOptions extends WorkOptions {
  readonly volume: StagingVolume;
  readonly ollamaVersion: string | undefined;
}

interface StageImageOptions extends WorkOptions {
  readonly volume: StagingVolume;
  /** Told of the image once it is staged; throws where it is not to be packed. */
  readonly checkImage: (image: StagedImage) => void;
}

/** Brings models into the staging volume. `ollamaVersion`, where it is known, decides which ones can be packed. */
export async function stageModels(
  models: readonly ResolvedModel[],
  { models: source }: Pick<Sources, "models">,
  { volume, ollamaVersion, ...work }: StageModelsOptions,
): Promise<StagedContents["models"]> {
  for (const { name, config } of models) {
    await checkConfig(name, config, { ollamaVersion, onProgress: work.onProgress });
  }
  const stagedModels: (StagedModel & { facts: ModelFacts })[] = [];
  for (const model of models) {
    work.onProgress?.({ kind: "step", text: `Staging the model ${fullModelName(model.name)}` });
    const stagedModel = await source.stage(model, work);
    await volume.remember(itemOfModel(stagedModel));
    stagedModels.push({ ...stagedModel, facts: await describeModel(stagedModel) });
  }
  return stagedModels;
}

/** Brings the image into the staging volume, and finds out which Ollama is in it. */
export async function stageImage(
  resolved: ResolvedImage,
  { image }: Pick<Sources, "image">,
  options: StageImageOptions,
): Promise<StagedOllama> {
  if (image === undefined)
    throw new Error("an image is to be staged and there is no source for it");
  options.onProgress?.({ kind: "step", text: `Staging the image ${resolved.reference}` });
  const staged = { ...(await image.stage(resolved, options)), role: "ollama" } as const;
  options.checkImage(staged);
  await options.volume.remember(itemOfImage(staged));
  const ollamaVersion = await ollamaVersionOf(resolved.reference, {
    ...options,
    engine: image.engine,
  });
  if (ollamaVersion !== undefined) return { ...staged, ollamaVersion };
  const asked =
    image.engine === undefined ? "no engine has it to ask" : "`ollama --version` in it says none";
  const text = `The version of Ollama in "${resolved.reference}" is not known: its tag is no version, and ${asked}`;
  options.onProgress?.({ kind: "warning", text });
  return staged;
}

function itemOfModel({ name, manifestBytes, blobs }: StagedModel): StagedItem {
  return {
    kind: "model",
    name: fullModelName(name),
    digest: `sha256:${sha256Hex(manifestBytes)}`,
    sha256s: blobs.map(({ sha256 }) => sha256),
  };
}

function itemOfImage({ reference, platform, config, layers }: StagedImage): StagedItem {
  return {
    kind: "image",
    name: reference,
    platform,
    digest: `sha256:${config.sha256}`,
    sha256s: [config, ...layers].map(({ sha256 }) => sha256),
  };
}

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

export interface ResolvedContents {
  readonly image?: ResolvedImage | undefined;
  readonly models: readonly ResolvedModel[];
}

export interface StagedContents {
  readonly images: readonly (StagedImage & {
    readonly role: "ollama";
    readonly ollamaVersion?: string;
  })[];
  readonly models: readonly (StagedModel & { readonly facts: ModelFacts })[];
}

export interface StageOptions extends WorkOptions {
  readonly volume: StagingVolume;
  /** Told of the image before any model is staged; throws where it is not to be packed. */
  readonly checkImage: (image: StagedImage) => void;
}

/** Brings everything into the staging volume. The image comes first: its Ollama's version decides which models it can run. */
export async function stageContents(
  { image, models }: ResolvedContents,
  sources: Sources,
  options: StageOptions,
): Promise<StagedContents> {
  const staged = image === undefined ? undefined : await stageImage(image, sources, options);
  const ollamaVersion = staged?.ollamaVersion;
  for (const { name, config } of models) {
    await checkConfig(name, config, { ollamaVersion, onProgress: options.onProgress });
  }
  const stagedModels: (StagedModel & { facts: ModelFacts })[] = [];
  for (const model of models) {
    options.onProgress?.({ kind: "step", text: `Staging the model ${fullModelName(model.name)}` });
    const stagedModel = await sources.models.stage(model, options);
    await options.volume.remember(itemOfModel(stagedModel));
    stagedModels.push({ ...stagedModel, facts: await describeModel(stagedModel) });
  }
  return { images: staged === undefined ? [] : [staged], models: stagedModels };
}

async function stageImage(
  resolved: ResolvedImage,
  { image }: Sources,
  options: StageOptions,
): Promise<StagedContents["images"][number]> {
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

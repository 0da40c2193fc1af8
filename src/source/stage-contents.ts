import type { WorkOptions } from "../core/progress.ts";
import { fullModelName } from "../core/model-name.ts";
import type { ChosenImage } from "./choose-image.ts";
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

/** Brings everything into the staging volume. The image comes first: its Ollama's version decides which models it can run. */
export async function stageContents(
  { image, models }: ResolvedContents,
  sources: Sources,
  options: WorkOptions,
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
    stagedModels.push({ ...stagedModel, facts: await describeModel(stagedModel) });
  }
  return { images: staged === undefined ? [] : [staged], models: stagedModels };
}

async function stageImage(
  resolved: ResolvedImage,
  { image }: Sources,
  options: WorkOptions,
): Promise<StagedContents["images"][number]> {
  if (image === undefined)
    throw new Error("an image is to be staged and there is no source for it");
  options.onProgress?.({ kind: "step", text: `Staging the image ${resolved.reference}` });
  const staged = { ...(await image.stage(resolved, options)), role: "ollama" } as const;
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

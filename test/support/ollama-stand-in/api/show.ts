import { isNotFound } from "../go/system-error.ts";
import { capabilitiesOf } from "../store/capabilities.ts";
import type { Model } from "../store/open-model.ts";
import { type Gguf, readGguf } from "../store/read-gguf.ts";
import { ApiError, modelNotFound } from "./api-error.ts";
import type { Call } from "./call.ts";
import { detailsOf } from "./details.ts";
import { findModel } from "./find-model.ts";
import { parametersText } from "./model-params.ts";
import { modelfile } from "./modelfile.ts";
import { requestBody } from "./request-body.ts";
import { sendJson } from "./respond.ts";

export async function answerShow(call: Call): Promise<void> {
  const { model: asked, verbose } = requestBody(call, "ShowRequest");
  if (!asked) throw new ApiError(400, "model is required");
  const model = await findModel(call, asked, "remote model details are unavailable");
  if (model === undefined) throw modelNotFound(asked);
  const gguf = weightsHeader(model, asked);
  const parameters = parametersText(model.params);
  sendJson(call, {
    ...(model.licenses.length === 0 ? {} : { license: model.licenses.join("\n") }),
    modelfile: modelfile(model),
    ...(parameters === "" ? {} : { parameters }),
    template: model.template,
    ...(model.system === "" ? {} : { system: model.system }),
    details: detailsOf(model.config, model.parentModel),
    ...(model.config.remote_model && { remote_model: model.config.remote_model }),
    ...(model.config.remote_host && { remote_host: model.config.remote_host }),
    model_info: gguf === undefined ? {} : modelInfo(gguf, verbose === true),
    ...(gguf === undefined ? {} : { tensors: tensorList(gguf) }),
    capabilities: capabilitiesOf(model),
    modified_at: model.manifest.modifiedAtText,
    ...(model.config.requires && { requires: model.config.requires }),
  });
}

function weightsHeader(model: Model, asked: string): Gguf | undefined {
  if (model.weightsFile === undefined) return undefined;
  try {
    return readGguf(model.weightsFile);
  } catch (error) {
    if (isNotFound(error)) throw modelNotFound(asked);
    throw error;
  }
}

/** The metadata, without arrays unless all is asked for. */
function modelInfo(gguf: Gguf, verbose: boolean): Record<string, unknown> {
  const parameters = gguf.tensors.reduce((sum, tensor) => sum + tensor.elements, 0);
  const entries: [string, unknown][] = [...gguf.metadata]
    .filter(([key]) => key !== "general.name" && key !== "tokenizer.chat_template")
    .map(([key, value]) => [key, Array.isArray(value) && !verbose ? null : value]);
  return Object.fromEntries([...entries, ["general.parameter_count", parameters]]);
}

function tensorList(gguf: Gguf): unknown[] {
  return gguf.tensors.map(({ name, type, shape }) => ({ name, type, shape }));
}

import { parameterCount } from "./gguf-file.ts";
import { modelFile } from "./model-file.ts";
import type { ModelSpec } from "./model-spec.ts";
import { parameterSize } from "./parameter-size.ts";
import type { Descriptor } from "./store-writer.ts";
import { TENSOR_ELEMENTS } from "./tensor-layers.ts";

/** The config blob's content, with the fields in Ollama's order. */
export function modelConfig(
  spec: ModelSpec,
  layers: readonly Descriptor[],
): Readonly<Record<string, unknown>> {
  return {
    ...formatFields(spec),
    ...(spec.requires === undefined ? {} : { requires: spec.requires }),
    ...(spec.remote === undefined
      ? {}
      : { remote_host: spec.remote.host, remote_model: spec.remote.model }),
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.digest) },
  };
}

function formatFields(spec: ModelSpec): Readonly<Record<string, unknown>> {
  if (spec.remote !== undefined) {
    return familyFields({ format: "", family: "", parameters: "", quantization: "" });
  }
  if (spec.tensors !== undefined) {
    const parameters = parameterSize(spec.tensors * TENSOR_ELEMENTS);
    return familyFields({
      format: "safetensors",
      family: "llama",
      parameters,
      quantization: "F32",
    });
  }
  const { model } = modelFile(spec);
  return familyFields({
    format: "gguf",
    family: model.family,
    parameters: parameterSize(parameterCount(model)),
    quantization: model.quantization,
  });
}

function familyFields(fields: {
  readonly format: string;
  readonly family: string;
  readonly parameters: string;
  readonly quantization: string;
}): Readonly<Record<string, unknown>> {
  return {
    model_format: fields.format,
    model_family: fields.family,
    model_families: fields.family === "" ? null : [fields.family],
    model_type: fields.parameters,
    file_type: fields.quantization,
  };
}

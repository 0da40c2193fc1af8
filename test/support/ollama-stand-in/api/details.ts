import type { ModelConfig } from "../store/open-model.ts";

export interface Details {
  readonly parent_model: string;
  readonly format: string;
  readonly family: string;
  readonly families: readonly string[] | null;
  readonly parameter_size: string;
  readonly quantization_level: string;
}

export function detailsOf(config: ModelConfig, parentModel = ""): Details {
  return {
    parent_model: parentModel,
    format: config.model_format ?? "",
    family: config.model_family ?? "",
    families: config.model_families ?? null,
    parameter_size: config.model_type ?? "",
    quantization_level: config.file_type ?? "",
  };
}

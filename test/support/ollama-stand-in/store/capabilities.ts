import type { Model } from "./open-model.ts";
import { readGgufMetadata } from "./read-gguf.ts";

/** What a model can do; nothing where its weights are missing or not GGUF. */
export function capabilitiesOf(model: Model): readonly string[] {
  if (model.weightsFile === undefined) return [];
  const metadata = metadataOrNothing(model.weightsFile);
  if (metadata === undefined) return [];
  const architecture = String(metadata.get("general.architecture"));
  if (metadata.has(`${architecture}.pooling_type`)) return ["embedding"];
  return [
    "completion",
    ...(metadata.has(`${architecture}.vision.block_count`) ? ["vision"] : []),
    ...(model.template.includes(".Tools") ? ["tools"] : []),
    ...(model.template.includes(".Suffix") ? ["insert"] : []),
    ...(model.template.includes(".Thinking") ? ["thinking"] : []),
  ];
}

function metadataOrNothing(file: string): ReturnType<typeof readGgufMetadata> | undefined {
  try {
    return readGgufMetadata(file);
  } catch {
    return undefined;
  }
}

import { bertModel } from "./bert-model.ts";
import { type GgufModel, ggufPieces } from "./gguf-file.ts";
import { bigLlamaModel, llamaModel } from "./llama-model.ts";
import type { ModelSpec } from "./model-spec.ts";
import { cipherBytes, xorshiftBytes } from "./random-weights.ts";

const SEED = { llama: 0x7177_0001, bert: 0x7177_0002, big: 0x0b16_0b16 };

/** The GGUF file of a model, and the model in it. */
export function modelFile(spec: ModelSpec): {
  readonly model: GgufModel;
  readonly pieces: () => Generator<Buffer>;
} {
  const model = ggufModel(spec);
  if (spec.size !== undefined) {
    return { model, pieces: () => ggufPieces(model, cipherBytes(spec.seed ?? SEED.big)) };
  }
  const seed = spec.seed ?? SEED[model.family];
  return { model, pieces: () => ggufPieces(model, xorshiftBytes(seed)) };
}

function ggufModel(spec: ModelSpec): GgufModel {
  if (spec.size !== undefined) return bigLlamaModel(spec.size);
  if (spec.kind === "bert") {
    return bertModel({ name: "tiny-embed", width: 32, feedForward: 64, heads: 2, layers: 2 });
  }
  return llamaModel({ name: "tiny", width: 64, feedForward: 128, heads: 2, layers: 2 });
}

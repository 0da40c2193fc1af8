import {
  boolEntry,
  float32Entry,
  float32sEntry,
  int32sEntry,
  stringEntry,
  stringsEntry,
  uint32Entry,
} from "./gguf-entry.ts";
import type { GgufModel, Tensor } from "./gguf-file.ts";
import { type Token, wordPieceVocabulary } from "./vocabulary.ts";
import { weightExponent } from "./weight-exponent.ts";

export interface BertShape {
  readonly name: string;
  readonly width: number;
  readonly feedForward: number;
  readonly heads: number;
  readonly layers: number;
}

const CONTEXT_LENGTH = 512;
const FILE_TYPE_F16 = 1;
const MEAN_POOLING = 1;

/** A bert that a real Ollama loads: embeddings only. */
export function bertModel(shape: BertShape): GgufModel {
  const vocabulary = wordPieceVocabulary();
  return {
    family: "bert",
    quantization: "F16",
    weightExponent: weightExponent(shape.width),
    metadata: bertMetadata(shape, vocabulary),
    tensors: bertTensors(shape, vocabulary.length),
  };
}

function bertTensors(shape: BertShape, vocabularySize: number): Tensor[] {
  const { width, feedForward, layers } = shape;
  return [
    matrix("token_embd", [width, vocabularySize]),
    // Added to the single-precision hidden state as it is, so it must be F32.
    { name: "token_types.weight", shape: [width, 2], type: "f32", fill: 0 },
    matrix("position_embd", [width, CONTEXT_LENGTH]),
    ...norm("token_embd_norm", width),
    ...Array.from({ length: layers }, (_, layer) => [
      ...["attn_q", "attn_k", "attn_v", "attn_output"].flatMap((part) =>
        linear(`blk.${layer}.${part}`, width, width),
      ),
      ...norm(`blk.${layer}.attn_output_norm`, width),
      ...linear(`blk.${layer}.ffn_up`, width, feedForward),
      ...linear(`blk.${layer}.ffn_down`, feedForward, width),
      ...norm(`blk.${layer}.layer_output_norm`, width),
    ]).flat(),
  ];
}

function bertMetadata(shape: BertShape, vocabulary: readonly Token[]): Buffer[] {
  return [
    stringEntry("general.architecture", "bert"),
    stringEntry("general.name", shape.name),
    uint32Entry("general.file_type", FILE_TYPE_F16),
    uint32Entry("bert.context_length", CONTEXT_LENGTH),
    uint32Entry("bert.embedding_length", shape.width),
    uint32Entry("bert.block_count", shape.layers),
    uint32Entry("bert.feed_forward_length", shape.feedForward),
    uint32Entry("bert.attention.head_count", shape.heads),
    float32Entry("bert.attention.layer_norm_epsilon", 1e-12),
    boolEntry("bert.attention.causal", false),
    // Its presence is what makes a model "embedding only" to Ollama.
    uint32Entry("bert.pooling_type", MEAN_POOLING),
    boolEntry("bert.normalize_embeddings", true),
    stringEntry("tokenizer.ggml.model", "bert"),
    uint32Entry("tokenizer.ggml.token_type_count", 2),
    stringsEntry(
      "tokenizer.ggml.tokens",
      vocabulary.map((token) => token.text),
    ),
    float32sEntry(
      "tokenizer.ggml.scores",
      vocabulary.map((token) => token.score),
    ),
    int32sEntry(
      "tokenizer.ggml.token_type",
      vocabulary.map((token) => token.type),
    ),
    ...["padding", "unknown", "cls", "seperator", "mask"].map((token, id) =>
      uint32Entry(`tokenizer.ggml.${token}_token_id`, id),
    ),
  ];
}

function matrix(name: string, shape: readonly number[]): Tensor {
  return { name: `${name}.weight`, shape, type: "f16" };
}

function linear(name: string, from: number, to: number): Tensor[] {
  return [matrix(name, [from, to]), vector(`${name}.bias`, to, 0)];
}

function norm(name: string, width: number): Tensor[] {
  return [vector(`${name}.weight`, width, 1), vector(`${name}.bias`, width, 0)];
}

function vector(name: string, length: number, fill: number): Tensor {
  return { name, shape: [length], type: "f32", fill };
}

import {
  float32Entry,
  float32sEntry,
  int32sEntry,
  stringEntry,
  stringsEntry,
  uint32Entry,
} from "./gguf-entry.ts";
import { ggufBytes, type GgufModel, type Tensor } from "./gguf-file.ts";
import { type Token, sentencePieceVocabulary } from "./vocabulary.ts";
import { weightExponent } from "./weight-exponent.ts";

export interface LlamaShape {
  readonly name: string;
  readonly width: number;
  readonly feedForward: number;
  readonly heads: number;
  readonly layers: number;
}

const CONTEXT_LENGTH = 512;
const FILE_TYPE_Q8_0 = 7;
const MOST_LAYERS = 32;

/** A llama that a real Ollama loads and runs: chat and completion. */
export function llamaModel(shape: LlamaShape): GgufModel {
  const vocabulary = sentencePieceVocabulary();
  return {
    family: "llama",
    quantization: "Q8_0",
    weightExponent: weightExponent(shape.width),
    metadata: llamaMetadata(shape, vocabulary),
    tensors: llamaTensors(shape, vocabulary.length),
  };
}

/** The smallest llama of at least that many bytes. */
export function bigLlamaModel(minimumBytes: number): GgufModel {
  for (let width = 256; width <= 8192; width *= 2) {
    const shape = { name: "big", width, feedForward: 4 * width, heads: width / 64 };
    for (let layers = 1; layers <= MOST_LAYERS; layers += 1) {
      const model = llamaModel({ ...shape, layers });
      if (ggufBytes(model) >= minimumBytes) return model;
    }
  }
  throw new Error(`Cannot make a model of ${minimumBytes} bytes: too large`);
}

function llamaTensors(shape: LlamaShape, vocabularySize: number): Tensor[] {
  const { width, feedForward, layers } = shape;
  return [
    weight("token_embd", [width, vocabularySize]),
    norm("output_norm", width),
    weight("output", [width, vocabularySize]),
    ...Array.from({ length: layers }, (_, layer) => [
      norm(`blk.${layer}.attn_norm`, width),
      ...["attn_q", "attn_k", "attn_v", "attn_output"].map((part) =>
        weight(`blk.${layer}.${part}`, [width, width]),
      ),
      norm(`blk.${layer}.ffn_norm`, width),
      weight(`blk.${layer}.ffn_gate`, [width, feedForward]),
      weight(`blk.${layer}.ffn_up`, [width, feedForward]),
      weight(`blk.${layer}.ffn_down`, [feedForward, width]),
    ]).flat(),
  ];
}

function llamaMetadata(shape: LlamaShape, vocabulary: readonly Token[]): Buffer[] {
  return [
    stringEntry("general.architecture", "llama"),
    stringEntry("general.name", shape.name),
    uint32Entry("general.file_type", FILE_TYPE_Q8_0),
    uint32Entry("llama.vocab_size", vocabulary.length),
    uint32Entry("llama.context_length", CONTEXT_LENGTH),
    uint32Entry("llama.embedding_length", shape.width),
    uint32Entry("llama.block_count", shape.layers),
    uint32Entry("llama.feed_forward_length", shape.feedForward),
    uint32Entry("llama.rope.dimension_count", shape.width / shape.heads),
    uint32Entry("llama.attention.head_count", shape.heads),
    uint32Entry("llama.attention.head_count_kv", shape.heads),
    float32Entry("llama.attention.layer_norm_rms_epsilon", 1e-5),
    stringEntry("tokenizer.ggml.model", "llama"),
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
    uint32Entry("tokenizer.ggml.bos_token_id", 1),
    uint32Entry("tokenizer.ggml.eos_token_id", 2),
    uint32Entry("tokenizer.ggml.unknown_token_id", 0),
  ];
}

function weight(name: string, shape: readonly number[]): Tensor {
  return { name: `${name}.weight`, shape, type: "q8_0" };
}

function norm(name: string, width: number): Tensor {
  return { name: `${name}.weight`, shape: [width], type: "f32", fill: 1 };
}

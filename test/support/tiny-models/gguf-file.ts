import { ggufString, uint32, uint64 } from "./gguf-entry.ts";
import { randomWeights, type RandomBytes } from "./random-weights.ts";

/**
 * A model as a GGUF file holds it: encoded metadata entries, tensors and what
 * goes into them.
 *
 * Specification: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export interface GgufModel {
  readonly family: "llama" | "bert";
  readonly quantization: "Q8_0" | "F16";
  /** Random weights have about this power of two as their size. */
  readonly weightExponent: number;
  readonly metadata: readonly Buffer[];
  readonly tensors: readonly Tensor[];
}

export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: TensorType;
  /** Every element has this value; without it the elements are random. */
  readonly fill?: number;
}

export type TensorType = keyof typeof TENSOR_TYPE;

const TENSOR_TYPE = {
  f32: { id: 0, blockElements: 1, blockBytes: 4 },
  f16: { id: 1, blockElements: 1, blockBytes: 2 },
  q8_0: { id: 8, blockElements: 32, blockBytes: 34 },
} as const;

/** Every tensor begins at a multiple of this many bytes. */
const ALIGNMENT = 32;
const GGUF_VERSION = 3;

/** The whole file, piece by piece; every piece is a buffer of its own. */
export function* ggufPieces(model: GgufModel, random: RandomBytes): Generator<Buffer> {
  yield ggufHeader(model);
  for (const tensor of model.tensors) {
    const length = tensorBytes(tensor);
    yield* tensor.type === "f32"
      ? [constantTensor(tensor)]
      : randomWeights({ type: tensor.type, length, exponent: model.weightExponent }, random);
    const padding = paddingAfter(length);
    if (padding > 0) yield Buffer.alloc(padding);
  }
}

/** The length of the whole file. */
export function ggufBytes(model: GgufModel): number {
  return model.tensors.reduce(
    (sum, tensor) => sum + paddedTensorBytes(tensor),
    ggufHeader(model).length,
  );
}

/** How many numbers the model holds: its "parameter size". */
export function parameterCount(model: GgufModel): number {
  return model.tensors.reduce((sum, tensor) => sum + elementCount(tensor), 0);
}

function ggufHeader(model: GgufModel): Buffer {
  const pieces = [
    Buffer.from("GGUF"),
    uint32(GGUF_VERSION),
    uint64(model.tensors.length),
    uint64(model.metadata.length),
    ...model.metadata,
  ];
  let offset = 0;
  for (const tensor of model.tensors) {
    pieces.push(ggufString(tensor.name), uint32(tensor.shape.length), ...tensor.shape.map(uint64));
    pieces.push(uint32(TENSOR_TYPE[tensor.type].id), uint64(offset));
    offset += paddedTensorBytes(tensor);
  }
  const header = Buffer.concat(pieces);
  return Buffer.concat([header, Buffer.alloc(paddingAfter(header.length))]);
}

function constantTensor(tensor: Tensor): Buffer {
  if (tensor.fill === undefined) throw new Error(`"${tensor.name}": random F32 is not supported`);
  return Buffer.from(new Float32Array(elementCount(tensor)).fill(tensor.fill).buffer);
}

function elementCount(tensor: Tensor): number {
  return tensor.shape.reduce((product, length) => product * length, 1);
}

function tensorBytes(tensor: Tensor): number {
  const { blockElements, blockBytes } = TENSOR_TYPE[tensor.type];
  return (elementCount(tensor) / blockElements) * blockBytes;
}

function paddedTensorBytes(tensor: Tensor): number {
  const length = tensorBytes(tensor);
  return length + paddingAfter(length);
}

function paddingAfter(length: number): number {
  return (ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT;
}

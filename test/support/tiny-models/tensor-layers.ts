import { type Descriptor, MEDIA_TYPE, writeSmallBlob } from "./store-writer.ts";

/** Numbers in each tensor. */
export const TENSOR_ELEMENTS = 16;

/**
 * The layers of a model in the "safetensors" format: a blob for each tensor,
 * every one with other content, and one for each configuration file.
 */
export function tensorLayers(store: string, count: number, seed: number): Descriptor[] {
  const tensors = Array.from({ length: count }, (_, index) => ({
    ...writeSmallBlob(store, MEDIA_TYPE.tensor, safetensorsFile(index, seed)),
    name: tensorName(index),
  }));
  const config = { architectures: ["LlamaForCausalLM"], hidden_size: TENSOR_ELEMENTS };
  const json = (name: string, value: unknown) => ({
    ...writeSmallBlob(store, MEDIA_TYPE.json, JSON.stringify(value)),
    name,
  });
  return [...tensors, json("config.json", config), json("tokenizer.json", { version: "1.0" })];
}

function tensorName(index: number): string {
  return `model.layers.${index}.weight`;
}

/** Format: https://huggingface.co/docs/safetensors (length, JSON header, data). */
function safetensorsFile(index: number, seed: number): Buffer {
  const data = Buffer.alloc(TENSOR_ELEMENTS * 4);
  data.writeUInt32LE(index, 0);
  data.writeUInt32LE(seed >>> 0, 4);
  const header = Buffer.from(
    JSON.stringify({
      [tensorName(index)]: {
        dtype: "F32",
        shape: [TENSOR_ELEMENTS],
        data_offsets: [0, data.length],
      },
    }),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, data]);
}

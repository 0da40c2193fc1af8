import { ByteSource } from "./byte-source.ts";
import { type GgufValue, readValue } from "./gguf-values.ts";
import { TENSOR_TYPES } from "./tensor-types.ts";

/** What the header of a weights file says. */
export interface Gguf {
  readonly architecture: string;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly GgufTensor[];
}

export interface GgufTensor {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly elements: number;
}

interface Placed {
  readonly tensor: GgufTensor;
  readonly offset: number;
  readonly bytes: number;
}

/** Reads the metadata alone: enough for a model's capabilities. */
export function readGgufMetadata(file: string): Gguf["metadata"] {
  using source = new ByteSource(file);
  return readHead(source).metadata;
}

/** Reads the whole header; throws as Ollama does where a tensor lies beyond the end of the file. */
export function readGguf(file: string): Gguf {
  using source = new ByteSource(file);
  const { metadata, tensorCount } = readHead(source);
  const placed = Array.from({ length: tensorCount }, () => readTensor(source));
  checkExtents(placed, source, Number(metadata.get("general.alignment") ?? 32));
  return {
    architecture: String(metadata.get("general.architecture") ?? "unknown"),
    metadata,
    tensors: placed.map(({ tensor }) => tensor),
  };
}

function readHead(source: ByteSource): { metadata: Map<string, GgufValue>; tensorCount: number } {
  if (source.take(4).toString("latin1") !== "GGUF") throw new Error("invalid file magic");
  source.uint32();
  const tensorCount = source.uint64();
  const entries = source.uint64();
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < entries; i += 1) metadata.set(source.text(), readValue(source));
  return { metadata, tensorCount };
}

function readTensor(source: ByteSource): Placed {
  const name = source.text();
  const shape = Array.from({ length: source.uint32() }, () => source.uint64());
  const type = TENSOR_TYPES[source.uint32()] ?? {
    name: "unknown",
    blockElements: 1,
    blockBytes: 1,
  };
  const offset = source.uint64();
  const elements = shape.reduce((product, length) => product * length, 1);
  const bytes = (elements / type.blockElements) * type.blockBytes;
  return { tensor: { name, type: type.name, shape, elements }, offset, bytes };
}

function checkExtents(placed: readonly Placed[], source: ByteSource, alignment: number): void {
  const data = Math.ceil(source.position / alignment) * alignment;
  for (const { tensor, offset, bytes } of placed) {
    const end = data + offset + bytes;
    if (end <= source.size) continue;
    throw new Error(
      `tensor "${tensor.name}" offset+size (${end}) exceeds file size (${source.size})`,
    );
  }
}

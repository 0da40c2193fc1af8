const VALUE_TYPE = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const;

type ValueType = keyof typeof VALUE_TYPE;

/** One metadata entry of a GGUF header, encoded: key, type, value. */
export function uint32Entry(key: string, value: number): Buffer {
  return entry(key, "uint32", uint32(value));
}

export function float32Entry(key: string, value: number): Buffer {
  return entry(key, "float32", float32(value));
}

export function boolEntry(key: string, value: boolean): Buffer {
  return entry(key, "bool", Buffer.from([value ? 1 : 0]));
}

export function stringEntry(key: string, value: string): Buffer {
  return entry(key, "string", ggufString(value));
}

export function stringsEntry(key: string, values: readonly string[]): Buffer {
  return arrayEntry(key, "string", values.map(ggufString));
}

export function float32sEntry(key: string, values: readonly number[]): Buffer {
  return arrayEntry(key, "float32", values.map(float32));
}

export function int32sEntry(key: string, values: readonly number[]): Buffer {
  return arrayEntry(key, "int32", values.map(int32));
}

export function ggufString(value: string): Buffer {
  const text = Buffer.from(value, "utf8");
  return Buffer.concat([uint64(text.length), text]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function float32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

function entry(key: string, type: ValueType, value: Buffer): Buffer {
  return Buffer.concat([ggufString(key), uint32(VALUE_TYPE[type]), value]);
}

function arrayEntry(key: string, elementType: ValueType, elements: readonly Buffer[]): Buffer {
  const head = Buffer.concat([uint32(VALUE_TYPE[elementType]), uint64(elements.length)]);
  return entry(key, "array", Buffer.concat([head, ...elements]));
}

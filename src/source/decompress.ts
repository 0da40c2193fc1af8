import { pipeline } from "node:stream/promises";
import { type Gunzip, type ZstdDecompress, createGunzip, createZstdDecompress } from "node:zlib";

type Bytes = AsyncIterable<Uint8Array>;

/** Bytes that are unpacked at a time. */
const CHUNK = 256 * 1024;

const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** What the compressed bytes are not is an error of the reader, and not of whoever sends them. */
export class DecompressError extends Error {
  override readonly name = "DecompressError";
}

export interface Opened {
  readonly isCompressed: boolean;
  readonly content: Bytes;
}

/**
 * The content of a layer, whatever it is compressed with. Only its first bytes tell: media types are not at hand before the
 * last entry of an archive. Throws {@link DecompressError}, and passes on what `bytes` throws.
 */
export async function openCompressed(bytes: Bytes): Promise<Opened> {
  const { head, all } = await peek(bytes, ZSTD.length);
  if (startsWith(head, GZIP))
    return { isCompressed: true, content: through(all, createGunzip({ chunkSize: CHUNK })) };
  if (startsWith(head, ZSTD))
    return {
      isCompressed: true,
      content: through(all, createZstdDecompress({ chunkSize: CHUNK })),
    };
  return { isCompressed: false, content: all };
}

async function* through(bytes: Bytes, stream: Gunzip | ZstdDecompress): AsyncGenerator<Uint8Array> {
  let sourceError: { readonly error: unknown } | undefined;
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      yield* bytes;
    } catch (error) {
      sourceError = { error };
      throw error;
    }
  }
  const feeding = pipeline(source, stream);
  feeding.catch(() => {});
  try {
    for await (const content of stream) yield content;
    await feeding;
  } catch (error) {
    if (sourceError !== undefined) throw sourceError.error;
    throw new DecompressError(error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
}

/** The first bytes, or fewer where there are no more, and everything from the beginning. */
async function peek(bytes: Bytes, count: number): Promise<{ head: Buffer; all: Bytes }> {
  const iterator = bytes[Symbol.asyncIterator]();
  const read: Uint8Array[] = [];
  let size = 0;
  while (size < count) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    read.push(value);
    size += value.length;
  }
  const rest = { [Symbol.asyncIterator]: () => iterator };
  const all = (async function* () {
    yield* read;
    yield* rest;
  })();
  return { head: Buffer.concat(read), all };
}

function startsWith(head: Buffer, magic: Buffer): boolean {
  return head.subarray(0, magic.length).equals(magic);
}

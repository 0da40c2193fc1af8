import { createCipheriv, createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { modelLayerFrame } from "../../src/core/model-layer.ts";
import type { ReadContent } from "../../src/staging/fetch-content.ts";

/** Bytes that do not repeat, the same for the same seed. */
export function testContent(
  size: number,
  seed = 1,
): { readonly bytes: Buffer; readonly sha256: string } {
  const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16, seed), Buffer.alloc(16));
  const bytes = cipher.update(Buffer.alloc(size));
  return { bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** Reads from memory, and remembers the offsets that it was asked for. */
export function readFrom(content: Uint8Array): { read: ReadContent; readonly offsets: number[] } {
  const offsets: number[] = [];
  return {
    offsets,
    read: async (place, offset, { onBytes }) => {
      offsets.push(offset);
      place.set(content.subarray(offset, offset + place.length));
      onBytes(place.length);
    },
  };
}

/** The same bytes with one bit changed. */
export function damaged(bytes: Uint8Array, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
  return copy;
}

/** The diff_id of the image layer that holds a blob with these bytes alone. */
export function layerDiffId(bytes: Buffer, sha256: string): string {
  const file = { path: `blobs/sha256-${sha256}`, size: bytes.length };
  const { before, end } = modelLayerFrame([file]);
  return createHash("sha256")
    .update(Buffer.concat([before(0), bytes, end]))
    .digest("hex");
}

/** Changes some bytes of a file in place. */
export async function overwrite(path: string, offset: number): Promise<void> {
  const file = await open(path, "r+");
  await file.write(Buffer.from("flip"), 0, 4, offset);
  await file.close();
}

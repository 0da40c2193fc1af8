import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdir, open, rename } from "node:fs/promises";
import path from "node:path";

/** A layer or config as a manifest names it. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly from?: string;
  readonly name?: string;
}

export const MEDIA_TYPE = {
  manifest: "application/vnd.docker.distribution.manifest.v2+json",
  config: "application/vnd.docker.container.image.v1+json",
  model: "application/vnd.ollama.image.model",
  template: "application/vnd.ollama.image.template",
  system: "application/vnd.ollama.image.system",
  params: "application/vnd.ollama.image.params",
  license: "application/vnd.ollama.image.license",
  tensor: "application/vnd.ollama.image.tensor",
  json: "application/vnd.ollama.image.json",
} as const;

/** Writes a blob that fits into memory. */
export function writeSmallBlob(
  store: string,
  mediaType: string,
  content: string | Buffer,
): Descriptor {
  const bytes = Buffer.from(content);
  const hex = createHash("sha256").update(bytes).digest("hex");
  mkdirSync(path.join(store, "blobs"), { recursive: true });
  writeFileSync(path.join(store, blobPath(hex)), bytes, { mode: 0o644 });
  return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
}

/** Writes a blob of any size; its name is only known when all is hashed. */
export async function writeBlob(
  store: string,
  mediaType: string,
  pieces: Iterable<Buffer>,
): Promise<Descriptor> {
  await mkdir(path.join(store, "blobs"), { recursive: true });
  const temporary = path.join(store, `new-${randomUUID()}`);
  const { hex, size } = await writeHashed(temporary, pieces);
  await rename(temporary, path.join(store, blobPath(hex)));
  return { mediaType, digest: `sha256:${hex}`, size };
}

/** Where a blob lies in its store. */
export function blobPath(hex: string): string {
  return `blobs/sha256-${hex}`;
}

async function writeHashed(
  file: string,
  pieces: Iterable<Buffer>,
): Promise<{ readonly hex: string; readonly size: number }> {
  await using handle = await open(file, "w", 0o644);
  const hash = createHash("sha256");
  let size = 0;
  let pending = Promise.resolve();
  for (const piece of pieces) {
    hash.update(piece);
    // The disk writes the last piece while this thread hashes the next one.
    await pending;
    pending = handle.writeFile(piece);
    size += piece.length;
  }
  await pending;
  return { hex: hash.digest("hex"), size };
}

import { createHash } from "node:crypto";
import { open, readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import type { Content } from "./send-body.ts";

export interface Repository {
  readonly namespace: string;
  readonly model: string;
}

/** The bytes of a manifest, by tag or by digest. */
export async function readManifest(
  manifests: string,
  { namespace, model }: Repository,
  reference: string,
): Promise<Buffer | undefined> {
  const directory = path.join(manifests, namespace, model);
  if (!reference.startsWith("sha256:")) return readIfThere(path.join(directory, reference));
  for (const tag of await readdir(directory).catch(() => [])) {
    const bytes = await readIfThere(path.join(directory, tag));
    if (bytes !== undefined && digestOf(bytes) === reference) return bytes;
  }
  return undefined;
}

/** A blob as it lies in the store, undefined where there is none. */
export async function blobContent(store: string, digest: string): Promise<Content | undefined> {
  const file = path.join(store, "blobs", digest.replace(":", "-"));
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) return undefined;
  return {
    size: found.size,
    async read({ start, end }) {
      await using handle = await open(file);
      const chunk = Buffer.allocUnsafe(end - start);
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, start);
      return chunk.subarray(0, bytesRead);
    },
  };
}

export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

async function readIfThere(file: string): Promise<Buffer | undefined> {
  return readFile(file).catch(() => undefined);
}

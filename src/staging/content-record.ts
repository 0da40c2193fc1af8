import { readFile, rename } from "node:fs/promises";
import type { BigIntStats } from "node:fs";
import { z } from "zod";
import { chunkCount } from "../core/chunks/chunk.ts";
import { isSha256Hex } from "../core/digest.ts";
import { hasCode } from "../core/errors.ts";
import { jsonOrUndefined } from "../core/json-or-undefined.ts";
import type { HashedContent } from "./content-hasher.ts";
import { writeTemporary } from "./whole-file.ts";
import type { VolumePaths } from "./volume-paths.ts";

/** Files that were hashed and had this content. So many are remembered; one that is forgotten is hashed again. */
const MAX_PROOFS = 16;

const hex = z.string().refine(isSha256Hex);

const hex16 = z.string().regex(/^[0-9a-f]{32}$/);

const seals = z.object({
  key: hex16,
  ofChunks: z.array(z.object({ crc32: z.uint32(), tag: hex16 })),
});

const proof = z.object({
  dev: z.string(),
  ino: z.string(),
  size: z.int().nonnegative(),
  mtimeNs: z.string(),
});

const contentRecord = z.object({
  version: z.literal(2),
  size: z.int().nonnegative(),
  chunks: z.array(hex),
  // Without those of an earlier shape packing hashes again.
  seals: seals.optional().catch(undefined),
  layerDiffId: hex.optional(),
  proofs: z.array(proof),
});

export type ContentRecord = z.infer<typeof contentRecord>;
/** What tells that a file is the one that was hashed, and unchanged since. */
export type Proof = z.infer<typeof proof>;

export function proofOf({ dev, ino, size, mtimeNs }: BigIntStats): Proof {
  return { dev: String(dev), ino: String(ino), size: Number(size), mtimeNs: String(mtimeNs) };
}

export function isSameFile(a: Proof, b: Proof): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs;
}

/** What is known of a content; undefined where there is no record, or none that can be made sense of. */
export async function readContentRecord(
  paths: VolumePaths,
  sha256: string,
): Promise<ContentRecord | undefined> {
  const text = await readFile(paths.record(sha256), "utf8").catch((error: unknown) => {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  });
  const parsed = contentRecord.safeParse(jsonOrUndefined(text));
  if (!parsed.success) return undefined;
  const { size, chunks, seals } = parsed.data;
  const counts = [chunks.length, seals?.ofChunks.length ?? chunks.length];
  return counts.every((count) => count === chunkCount(size)) ? parsed.data : undefined;
}

/**
 * Remembers that a file has this content. Not synced: a record that a loss of power takes away costs hashing the file again,
 * and syncing would cost every small blob more than all the rest.
 */
export async function rememberContent(
  paths: VolumePaths,
  content: HashedContent,
  file: Proof,
): Promise<void> {
  const known = await readContentRecord(paths, content.sha256);
  const others = (known?.proofs ?? []).filter(
    ({ dev, ino }) => dev !== file.dev || ino !== file.ino,
  );
  const layerDiffId = content.layerDiffId ?? known?.layerDiffId;
  const record: ContentRecord = {
    version: 2,
    size: file.size,
    chunks: [...content.chunks],
    ...(content.seals && {
      seals: { key: content.seals.key, ofChunks: [...content.seals.ofChunks] },
    }),
    ...(layerDiffId === undefined ? {} : { layerDiffId }),
    proofs: [...others, file].slice(-MAX_PROOFS),
  };
  await rename(
    await writeTemporary(paths, Buffer.from(JSON.stringify(record)), { sync: false }),
    paths.record(content.sha256),
  );
}

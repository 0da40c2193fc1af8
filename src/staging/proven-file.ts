import type { BigIntStats } from "node:fs";
import { chunkCount } from "../core/chunks/chunk.ts";
import type { HashedContent } from "./content-hasher.ts";
import { isSameFile, proofOf, readContentRecord } from "./content-record.ts";
import type { StagedFile } from "./staged-file.ts";
import type { VolumePaths } from "./volume-paths.ts";
import type { WantedContent } from "./wanted-content.ts";

export interface StatedFile {
  readonly path: string;
  readonly stats: BigIntStats;
}

/** The file as staged, where a record proves that it was hashed as it is now, and with all that is wanted. */
export async function provenFile(
  paths: VolumePaths,
  { path, stats }: StatedFile,
  { sha256, asModelBlob }: Pick<WantedContent, "sha256" | "asModelBlob">,
): Promise<StagedFile | undefined> {
  const record = await readContentRecord(paths, sha256);
  const proof = proofOf(stats);
  if (
    record === undefined ||
    record.size !== proof.size ||
    !record.proofs.some((known) => isSameFile(known, proof))
  )
    return undefined;
  if (asModelBlob === true && chunkCount(record.size) > 1 && record.layerDiffId === undefined)
    return undefined;
  return stagedFile(path, record.size, {
    sha256,
    chunks: record.chunks,
    seals: record.seals,
    layerDiffId: record.layerDiffId,
  });
}

export function stagedFile(
  path: string,
  size: number,
  { sha256, chunks, seals, layerDiffId }: HashedContent,
): StagedFile {
  return { path, size, sha256, chunks, seals, layerDiffId };
}

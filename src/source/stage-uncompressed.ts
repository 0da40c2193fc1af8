import { type Hash, createHash } from "node:crypto";
import { SourceError } from "../core/errors.ts";
import { giveBackPiece } from "../core/give-back.ts";
import type { StagedFile } from "../staging/staged-file.ts";
import type { StagingVolume } from "../staging/staging-volume.ts";
import { DecompressError, openCompressed } from "./decompress.ts";

export interface PackedContent {
  /** A layer, compressed or not, or any other content. */
  readonly content: AsyncIterable<Uint8Array>;
  /** What the bytes must hash to as they come, hex, where that is known. */
  readonly packedSha256?: string | undefined;
  /** What they must hash to once they are uncompressed (a layer's diff_id, hex), where that is known. */
  readonly sha256?: string | undefined;
  /** For messages: `layer 2 of "docker.io/ollama/ollama:latest"`. */
  readonly label: string;
  readonly hint: string;
}

/** Brings content into the staging volume, uncompressed. Throws {@link SourceError} `WRONG_CONTENT`. */
export async function stageUncompressed(
  { content, packedSha256, sha256, label, hint }: PackedContent,
  volume: StagingVolume,
): Promise<StagedFile> {
  const hash = createHash("sha256");
  const opened = await openCompressed(packedSha256 === undefined ? content : hashed(content, hash));
  await using writer = volume.createContent();
  try {
    for await (const bytes of opened.content) {
      await writer.write(bytes);
      giveBackPiece(bytes);
    }
  } catch (error) {
    if (!(error instanceof DecompressError)) throw error;
    throw new SourceError("WRONG_CONTENT", `Cannot unpack ${label}: ${error.message}`, {
      cause: error,
      hint,
    });
  }
  const found = packedSha256 && hash.digest("hex");
  if (found === packedSha256)
    return await writer.commit(sha256 === undefined ? {} : { expected: { sha256, label } });
  throw new SourceError(
    "WRONG_CONTENT",
    `Cannot stage ${label}: it hashes to sha256:${found}, expected sha256:${packedSha256}`,
    { hint },
  );
}

async function* hashed(content: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const bytes of content) {
    hash.update(bytes);
    yield bytes;
  }
}

import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { posix } from "node:path";
import { SourceError } from "../core/errors.ts";
import type { WorkOptions } from "../core/progress.ts";
import { type ReadTarEntry, TarError, readTar } from "../core/tar.ts";
import type { StagedFile } from "../staging/staged-file.ts";
import type { StagingVolume } from "../staging/staging-volume.ts";
import { MAX_ENTRIES, digestInName, targetOf } from "./archive-entries.ts";
import { counted } from "./counted.ts";
import { stageUncompressed } from "./stage-uncompressed.ts";

const MAX_MANIFEST_SIZE = 4 * 1024 * 1024;

/** Files of both layouts that nothing here needs. `json` and `VERSION` are the legacy layers'. */
const UNUSED = /^(?:oci-layout|index\.json|repositories|[0-9a-f]{64}\/(?:json|VERSION))$/;

/** The contents of an image archive, by their paths in it, which are names here and never paths. */
export interface ArchiveContents {
  /** The bytes of `manifest.json`. */
  readonly manifest: Buffer | undefined;
  /** Layers and configs in the staging volume, uncompressed; what a link stands for as well. */
  readonly file: (path: string) => StagedFile | undefined;
}

export interface TakeApartOptions extends WorkOptions {
  readonly volume: StagingVolume;
  /** What the archive holds, for messages and progress. */
  readonly reference: string;
  /** About the bytes that will come, where that is known. */
  readonly statedSize?: number | undefined;
}

/**
 * Takes an image archive apart into the staging volume as it arrives. Whether it is complete is not known then: a cut archive
 * may end like a whole one. Throws {@link SourceError}, and passes on what the stream throws.
 */
export async function takeApart(
  tar: Readable,
  options: TakeApartOptions,
): Promise<ArchiveContents> {
  const files = new Map<string, StagedFile>();
  const links = new Map<string, string>();
  let manifest: Buffer | undefined;
  let entries = 0;
  const count = progressOf(options);
  try {
    for await (const entry of readTar(tar, { signal: options.signal })) {
      if ((entries += 1) > MAX_ENTRIES)
        throw damaged(options, `it has more than ${MAX_ENTRIES} entries`);
      const path = posix.normalize(entry.path);
      const content = counted(entry.content, count);
      if (entry.type === "symlink" || entry.type === "link") links.set(path, targetOf(path, entry));
      else if (entry.type !== "file" || UNUSED.test(path)) continue;
      else if (path === "manifest.json")
        manifest = await readManifest({ ...entry, content }, options);
      else files.set(path, await stageEntry({ path, content }, options));
    }
  } catch (error) {
    if (error instanceof TarError)
      throw damaged(options, `it is cut off, or no tar (${error.message})`, error);
    throw error;
  }
  return { manifest, file: (path) => files.get(path) ?? files.get(links.get(path) ?? "") };
}

async function readManifest(
  { size, content }: ReadTarEntry,
  options: TakeApartOptions,
): Promise<Buffer> {
  if (size > MAX_MANIFEST_SIZE)
    throw damaged(options, `its manifest.json has ${size} bytes, more than ${MAX_MANIFEST_SIZE}`);
  return buffer(content);
}

interface Entry {
  readonly path: string;
  readonly content: AsyncIterable<Uint8Array>;
}

function stageEntry({ path, content }: Entry, options: TakeApartOptions): Promise<StagedFile> {
  const label = `"${path}" of the image "${options.reference}"`;
  const packedSha256 = digestInName(path);
  return stageUncompressed({ content, packedSha256, label, hint: HINT }, options.volume);
}

function progressOf({
  reference,
  statedSize,
  onProgress,
}: TakeApartOptions): (bytes: number) => void {
  let done = 0;
  return (bytes) => {
    done += bytes;
    const isWithin = statedSize !== undefined && done <= statedSize;
    onProgress?.({ kind: "bytes", item: reference, done, ...(isWithin && { total: statedSize }) });
  };
}

export const HINT =
  "Pull the image again (`docker pull`); if that does not help, remove it from the engine first.";

function damaged({ reference }: TakeApartOptions, what: string, cause?: unknown): SourceError {
  return new SourceError(
    "INCOMPLETE",
    `Cannot take the saved image "${reference}" apart: ${what}`,
    { cause, hint: HINT },
  );
}

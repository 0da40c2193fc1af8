import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { SourceError } from "../core/errors.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { StagingVolume } from "../staging/staging-volume.ts";
import { counted } from "./counted.ts";
import { type FoundLayer, type ImageDocuments, MAX_DOCUMENT, findImage } from "./find-image.ts";
import { type ResolvedFoundImage, resolveFound, stageFound } from "./found-images.ts";
import { FILE_HINT, expectAt, readingImageFile } from "./image-file.ts";
import { chooseInIndex } from "./oci-index.ts";
import type { FileSource } from "./source.ts";
import { stagedBlobCounter } from "./staged-blob-counter.ts";
import { stageUncompressed } from "./stage-uncompressed.ts";

/** Bytes read at once. */
const READ_SIZE = 256 * 1024;

interface LayoutOptions {
  /** The directory that has `oci-layout`, `index.json` and `blobs/`. */
  readonly path: string;
  /** Which of its images; missing where there is only one. */
  readonly name?: string | undefined;
  readonly volume: StagingVolume;
}

/** Images from an OCI layout on disk (https://github.com/opencontainers/image-spec/blob/main/image-layout.md). */
export function createOciLayoutSource(layout: LayoutOptions): FileSource<ResolvedFoundImage> {
  return {
    resolve: (wanted, options) => resolveInLayout(wanted.platform, layout, options),
    stage: (resolved, options) => {
      const stageLayers = (layers: readonly FoundLayer[], work: WorkOptions): Promise<void> =>
        stageFromLayout(layers, { ...layout, reference: resolved.reference }, work);
      return stageFound(resolved, { volume: layout.volume, stageLayers }, options);
    },
  };
}

async function resolveInLayout(
  platform: string,
  { path, name, volume }: LayoutOptions,
  options: WorkOptions,
): Promise<ResolvedFoundImage> {
  await expectAt(path, "directory");
  const index = await readDocument(join(path, "index.json"));
  const { reference, candidates } = chooseInIndex(index, { path, name });
  const documents: ImageDocuments = {
    what: `"${reference}" from "${path}"`,
    hint: FILE_HINT,
    read: ({ descriptor: { sha256 } }) => readDocument(blobPath(path, sha256)),
  };
  const found = await findImage(candidates, { platform, documents }, options);
  return resolveFound({ reference, found }, { volume, ...options });
}

async function stageFromLayout(
  layers: readonly FoundLayer[],
  { path, reference, volume }: LayoutOptions & { readonly reference: string },
  { signal, onProgress }: WorkOptions,
): Promise<void> {
  const count = stagedBlobCounter(reference, layers, onProgress);
  for (const { name, diffId } of layers) {
    const file = blobPath(path, name);
    await readingImageFile(file, () => sizeOf(file));
    const content = counted(createReadStream(file, { highWaterMark: READ_SIZE, signal }), count);
    const label = `"${file}" as a layer of "${reference}"`;
    const packed = { content, packedSha256: name, sha256: diffId, label, hint: FILE_HINT };
    await readingImageFile(file, () => stageUncompressed(packed, volume));
  }
}

function readDocument(file: string): Promise<Buffer> {
  return readingImageFile(file, async () => {
    const size = await sizeOf(file);
    if (size <= MAX_DOCUMENT) return readFile(file);
    const found = `it has ${size} bytes, expected at most ${MAX_DOCUMENT}`;
    throw new SourceError("INCOMPLETE", `Cannot read "${file}": ${found}`, { hint: FILE_HINT });
  });
}

/** Of a regular file: a named pipe would block until somebody writes to it. */
async function sizeOf(file: string): Promise<number> {
  const stats = await stat(file);
  if (stats.isFile()) return stats.size;
  const message = `Cannot read "${file}": it is not a regular file`;
  throw new SourceError("INCOMPLETE", message, { hint: FILE_HINT });
}

function blobPath(path: string, sha256: string): string {
  return join(path, "blobs", "sha256", sha256);
}

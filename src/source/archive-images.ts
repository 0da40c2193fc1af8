import { posix } from "node:path";
import type { WorkOptions } from "../core/progress.ts";
import type { StagingVolume } from "../staging/staging-volume.ts";
import { digestInName } from "./archive-entries.ts";
import { counted } from "./counted.ts";
import { findInDockerArchive } from "./docker-archive.ts";
import { type FoundImage, type FoundLayer, type ImageDocuments, findImage } from "./find-image.ts";
import { type ResolvedFoundImage, notThere, resolveFound, stageFound } from "./found-images.ts";
import { FILE_HINT, expectAt } from "./image-file.ts";
import { chooseInIndex } from "./oci-index.ts";
import { type ScannedArchive, entriesOf, scanArchive } from "./read-archive.ts";
import type { FileSource } from "./source.ts";
import { stagedBlobCounter } from "./staged-blob-counter.ts";
import { stageUncompressed } from "./stage-uncompressed.ts";

export interface ArchiveOptions {
  /** A tar, which may be compressed. */
  readonly path: string;
  /** Which of its images; missing where there is only one. */
  readonly name?: string | undefined;
  readonly volume: StagingVolume;
  /** What the archive's list of images is: Docker's manifest.json, or the index.json of an OCI layout. */
  readonly kind: "docker" | "oci";
}

export interface NamedImage {
  readonly reference: string;
  /** Its layers are named by their paths in the archive. */
  readonly found: FoundImage;
}

/**
 * Images from an archive as `docker save` or skopeo writes it. It is read through once for what is in it, and once more for the
 * layers that are missing in the staging volume; those of other images in it are passed over.
 */
export function createArchiveSource(archive: ArchiveOptions): FileSource<ResolvedFoundImage> {
  const { path, kind, volume } = archive;
  return {
    async resolve({ platform }, options) {
      await expectAt(path, "file");
      const scanned = await scanArchive(path, options);
      const wanted = { ...archive, platform };
      const named =
        kind === "docker"
          ? findInDockerArchive(scanned, wanted)
          : await findInOciArchive(scanned, wanted, options);
      return resolveFound(named, { volume, ...options });
    },
    stage(resolved, options) {
      const stageLayers = (layers: readonly FoundLayer[], work: WorkOptions): Promise<void> =>
        stageFromArchive(layers, { ...archive, reference: resolved.reference }, work);
      return stageFound(resolved, { volume, stageLayers }, options);
    },
  };
}

async function findInOciArchive(
  { documents: contents }: ScannedArchive,
  { path, name, platform }: ArchiveOptions & { readonly platform: string },
  options: WorkOptions,
): Promise<NamedImage> {
  const { reference, candidates } = chooseInIndex(contents.get("index.json"), { path, name });
  const documents: ImageDocuments = {
    what: `"${reference}" from "${path}"`,
    hint: FILE_HINT,
    read: async ({ descriptor: { sha256 }, kind }) => {
      const bytes = contents.get(blobPath(sha256));
      if (bytes !== undefined) return bytes;
      throw notThere(reference, `its ${kind} ("${blobPath(sha256)}" of "${path}")`);
    },
  };
  const found = await findImage(candidates, { platform, documents }, options);
  const layers = found.layers.map((layer) => ({ ...layer, name: blobPath(layer.name) }));
  return { reference, found: { ...found, layers } };
}

async function stageFromArchive(
  layers: readonly FoundLayer[],
  { path: archive, reference, volume }: ArchiveOptions & { readonly reference: string },
  { signal, onProgress }: WorkOptions,
): Promise<void> {
  const wanted = new Map(layers.map((layer) => [layer.name, layer]));
  const count = stagedBlobCounter(reference, layers, onProgress);
  for await (const entry of entriesOf(archive, { signal })) {
    const path = posix.normalize(entry.path);
    const layer = wanted.get(path);
    if (layer === undefined || entry.type !== "file") continue;
    const packed = {
      content: counted(entry.content, count),
      packedSha256: digestInName(path),
      sha256: layer.diffId,
      label: `"${path}" of "${archive}" as a layer of "${reference}"`,
      hint: FILE_HINT,
    };
    await stageUncompressed(packed, volume);
    wanted.delete(path);
    if (wanted.size === 0) return;
  }
}

function blobPath(sha256: string): string {
  return `blobs/sha256/${sha256}`;
}

import type { StagedFile } from "../../staging/staged-file.ts";
import { modelBlobPath } from "../blob-paths.ts";
import type { BundleContents } from "../bundle-contents.ts";
import { holdsImage } from "./held.ts";
import { type LaidOutImage, imageBlobEntries } from "../image-layout.ts";
import type { Delta, OmittedFile } from "../models-json.ts";
import type { PackEntry } from "../pack-entry.ts";

type Image = BundleContents["images"][number];

/** What is packed of a bundle's contents, and what is left out because the site has it. */
export interface Packed {
  readonly images: readonly Image[];
  readonly laidOut: readonly LaidOutImage[];
  /** Of models, each once. */
  readonly blobs: readonly StagedFile[];
  /** Missing where nothing could be left out. */
  readonly delta?: Delta;
}

/** Parts what is packed from what the site holds: images whole, models' blobs one by one. */
export function leaveOut(
  { images, models, held }: BundleContents,
  laidOut: readonly LaidOutImage[],
): Packed {
  const blobs = [
    ...new Map(models.flatMap((model) => model.blobs).map((blob) => [blob.sha256, blob])).values(),
  ];
  if (held === undefined) return { images, laidOut, blobs };
  const isLeftOut = images.map((image) => holdsImage(held, identityOf(image)));
  const kept = <T>(items: readonly T[]): T[] => items.filter((_, at) => isLeftOut[at] !== true);
  const left = <T>(items: readonly T[]): T[] => items.filter((_, at) => isLeftOut[at] === true);
  const packed = { images: kept(images), laidOut: kept(laidOut) };
  const stillPacked = new Set(
    imageBlobEntries(packed.images, packed.laidOut).map(({ path }) => path),
  );
  const omitted = [
    ...imageBlobEntries(left(images), left(laidOut)).filter(({ path }) => !stillPacked.has(path)),
    ...blobs
      .filter(({ sha256 }) => held.blobs.has(sha256))
      .map(({ sha256, size }) => ({ path: modelBlobPath(sha256), size, sha256 })),
  ];
  return {
    ...packed,
    blobs: blobs.filter(({ sha256 }) => !held.blobs.has(sha256)),
    ...(omitted.length > 0 && {
      delta: { base: held.base, omitted: omitted.map(described).toSorted(byPath) },
    }),
  };
}

function identityOf({ config, layers }: Image): { configDigest: string; diffIds: string[] } {
  return {
    configDigest: `sha256:${config.sha256}`,
    diffIds: layers.map(({ sha256 }) => `sha256:${sha256}`),
  };
}

function described({ path, size, sha256 }: PackEntry | OmittedFile): OmittedFile {
  return { path, size, sha256 };
}

function byPath(a: OmittedFile, b: OmittedFile): number {
  return a.path < b.path ? -1 : 1;
}

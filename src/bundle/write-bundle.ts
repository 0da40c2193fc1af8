import { readFile } from "node:fs/promises";
import { sha256Hex } from "../core/digest.ts";
import { giveBack } from "../core/give-back.ts";
import { fullModelName, manifestPath } from "../core/model-name.ts";
import type { WorkOptions } from "../core/progress.ts";
import { TOOL } from "../core/tool.ts";
import { CHUNK_SIZE } from "../core/chunks/chunk.ts";
import { assertFewFiles } from "./output/assert-few-files.ts";
import { BundleOutput, type OutputOptions } from "./output/bundle-output.ts";
import { modelBlobPath } from "./blob-paths.ts";
import type { BundleContents } from "./bundle-contents.ts";
import { type Packed, leaveOut } from "./delta/leave-out.ts";
import type { WrittenFiles } from "./output/output-files.ts";
import { type LaidOutImage, imageEntries, layOutImage } from "./image-layout.ts";
import { layoutOf } from "./layout.ts";
import { planModelLayers } from "./model-layers.ts";
import {
  type BundledImage,
  type BundledModel,
  type ModelsJson,
  SCHEMA_VERSION,
  encodeModelsJson,
} from "./models-json.ts";
import { modelsText } from "./models-text.ts";
import { type PackEntry, bytesEntry, stagedEntry } from "./pack-entry.ts";
import { packFiles } from "./pack-files.ts";
import { readmeText } from "./readme-text.ts";

/** 1980-01-01, the oldest time that a FAT file system can hold: tar warns of 1970. */
const DEFAULT_MTIME = 315_532_800;

export interface WrittenBundle extends WrittenFiles {
  /** sha256 of SHA256SUMS, 64 hex digits. */
  readonly id: string;
  /** Of the file; or what its parts are called before their numbers. */
  readonly path: string;
  readonly manifest: ModelsJson;
}

/**
 * Writes a bundle in one pass over the staged content: `path` and `path.sha256`, or parts of `partSize` bytes. The same contents
 * give the same bytes. `mtime` is the time of every entry in seconds since 1970 (SOURCE_DATE_EPOCH); `force` replaces what is
 * there. Throws {@link HostError} where it cannot be written
 * and {@link SourceError} where staged content changed.
 */
export async function writeBundle(
  contents: BundleContents,
  {
    path,
    mtime = DEFAULT_MTIME,
    force = false,
    ...how
  }: OutputOptions & { readonly path: string; readonly mtime?: number | undefined },
  options: WorkOptions,
): Promise<WrittenBundle> {
  const { pool } = how;
  const sorted = inOrder(contents);
  const laidOut = sorted.images.map((image) => layOutImage(image, sorted.name));
  const images = sorted.images.map((image, at) => bundledImage(image, laidOut[at]));
  const models = sorted.models.map(bundledModel);
  const packed = leaveOut(sorted, laidOut);
  const { delta } = packed;
  const entries = await entriesOf(sorted, packed, { images, models, delta, laidOut });
  assertFewFiles(entries.length);
  const modelLayers = delta === undefined ? await planModelLayers(sorted.models, pool) : [];
  await using output = await BundleOutput.create(path, { ...how, force });
  const head = { name: sorted.name, mtime };
  const files = await packFiles({ pool, output, head }, entries, options);
  const manifest: ModelsJson = {
    schemaVersion: SCHEMA_VERSION,
    ...head,
    tool: { name: TOOL.name, version: TOOL.version },
    platform: sorted.platform,
    chunkSize: CHUNK_SIZE,
    images,
    models,
    modelLayers,
    files,
    ...(delta && { delta }),
  };
  const id = await writeEnd(output, manifest);
  return { id, path, manifest, ...(await output.finish(id)) };
}

/** MODELS.json and everything behind it, as the layout says; what was written before it must have ended where the layout has it. */
async function writeEnd(output: BundleOutput, manifest: ModelsJson): Promise<string> {
  const modelsJson = encodeModelsJson(manifest);
  const layout = layoutOf(manifest, modelsJson);
  const rest = layout.segments.filter(({ offset }) => offset >= output.size);
  if (rest[0]?.offset !== output.size)
    throw new Error("what was written is not what the layout says");
  const members = new Map(layout.trailing.map((file) => [file.path, file]));
  for (const segment of rest) {
    const bytes =
      segment.kind === "literal"
        ? segment.bytes()
        : (members.get(segment.file.path)?.member(segment.index) ?? Buffer.alloc(0));
    await output.write(bytes);
    giveBack(bytes);
  }
  if (layout.size !== output.size) throw new Error("what was written is not what the layout says");
  return layout.id;
}

function inOrder({ images, models, ...rest }: BundleContents): BundleContents {
  const byName = (a: string, b: string): number => (a < b ? -1 : 1);
  return {
    ...rest,
    images: images.toSorted((a, b) => byName(a.reference, b.reference)),
    models: models.toSorted((a, b) => byName(fullModelName(a.name), fullModelName(b.name))),
  };
}

function bundledImage(
  image: BundleContents["images"][number],
  laidOut: LaidOutImage | undefined,
): BundledImage {
  const { reference, role, sourceDigest, ollamaVersion, config, layers } = image;
  return {
    reference,
    role,
    ...(sourceDigest !== undefined && { sourceDigest }),
    configDigest: `sha256:${config.sha256}`,
    manifestDigest: `sha256:${sha256Hex(laidOut?.manifest ?? "")}`,
    diffIds: layers.map(({ sha256 }) => `sha256:${sha256}`),
    ...(ollamaVersion !== undefined && { ollamaVersion }),
  };
}

function bundledModel({
  name,
  manifestBytes,
  blobs,
  facts,
}: BundleContents["models"][number]): BundledModel {
  return {
    name: fullModelName(name),
    digest: sha256Hex(manifestBytes),
    ...facts,
    blobs: blobs.map(({ sha256 }) => sha256),
  };
}

async function entriesOf(
  { name, platform, models }: BundleContents,
  packed: Packed,
  {
    laidOut,
    ...described
  }: Pick<ModelsJson, "images" | "models" | "delta"> & {
    readonly laidOut: readonly LaidOutImage[];
  },
): Promise<PackEntry[]> {
  const blobs = packed.blobs.map((blob) => stagedEntry(modelBlobPath(blob.sha256), blob));
  const manifests = models.map((model) =>
    bytesEntry(`models/${manifestPath(model.name)}`, model.manifestBytes),
  );
  return [
    bytesEntry("README.txt", Buffer.from(readmeText({ name, platform, ...described }))),
    bytesEntry("Dockerfile.models", await dockerfileFor(laidOut[0])),
    bytesEntry(".dockerignore", Buffer.from("image\n")),
    ...imageEntries(packed.images, packed.laidOut),
    ...blobs.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    ...manifests.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    bytesEntry("MODELS.txt", Buffer.from(modelsText(described))),
  ];
}

/** Dockerfile.models with the packed image as its default base. */
async function dockerfileFor(image: LaidOutImage | undefined): Promise<Buffer> {
  const text = await readFile(
    new URL("../../dockerfiles/Dockerfile.models", import.meta.url),
    "utf8",
  );
  return Buffer.from(
    image === undefined ? text : text.replace(/^ARG BASE=.*$/m, `ARG BASE=${image.loadTag}`),
  );
}

import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { formatCount } from "../core/format-count.ts";
import { freeSpaceAt } from "../core/disk-space.ts";
import { sha256Hex } from "../core/digest.ts";
import { HostError, hasCode } from "../core/errors.ts";
import { type ModelName, fullModelName } from "../core/model-name.ts";
import { blobsOf, statedModelSize } from "./model-manifest.ts";
import type { ResolvedImage, ResolvedModel } from "./source.ts";

/** One thing that will be packed. Sizes are bytes. */
export interface PlannedItem {
  readonly kind: "image" | "model";
  readonly name: string;
  /** Where it comes from, for people; missing for a model that comes from a registry or a store. */
  readonly from?: string | undefined;
  /** What the name was resolved to: a model's manifest digest, an image's identity at its source, where that has it. */
  readonly digest?: string | undefined;
  /** Missing where its source does not say it yet. */
  readonly size?: number | undefined;
  /** Whether the size is exact, or about what it will be. */
  readonly isExact: boolean;
  /** Bytes that are not in the staging volume yet; missing where that is not known. */
  readonly toFetch?: number | undefined;
}

/** What `create` is about to do. Sizes are bytes. */
export interface CreatePlan {
  readonly platform: string;
  readonly name: string;
  readonly output: string;
  readonly items: readonly PlannedItem[];
  /** How many files the models have. */
  readonly files: number;
  /** The bundle will not be larger; missing until the image is staged, since engines state compressed sizes or none, and until models are pulled. */
  readonly bundleAtMost?: number | undefined;
  /** Of a delta: what the site is said to have. */
  readonly leftOut?:
    | {
        readonly image: boolean;
        readonly blobs: number;
        readonly blobBytes: number;
        /** Image and blobs together. */
        readonly bytes: number;
      }
    | undefined;
  readonly space: readonly SpaceNeeded[];
  /** Bytes that the bundle brings, as the offline machine will hold them; the image's where they are known. */
  readonly toInstall: { readonly image?: number | undefined; readonly models: number };
  /** What the offline machine will need, about: disk while installing in `image` mode, and memory for the largest model. */
  readonly site: {
    readonly disk?: number | undefined;
    /** Missing until models are pulled. */
    readonly memory?: number | undefined;
  };
}

export interface SpaceNeeded {
  readonly what: "staging volume" | "bundle";
  readonly path: string;
  readonly needed: number;
  readonly free: number;
}

/** Members, tar headers, and what MODELS.json and the table of contents say of a file and of a chunk. */
const OVERHEAD_PER_FILE = 4096;
const OVERHEAD_PER_BYTE = 0.001;
const OVERHEAD = 1024 * 1024;

/** While an engine loads an image it spools the whole stream before it unpacks it. */
const LOAD_FACTOR = 2;

/** Weights, and about a fifth on top for context and program. */
const MEMORY_FACTOR = 1.2;

interface Resolved {
  readonly platform: string;
  readonly name: string;
  readonly output: string;
  readonly staging: string;
  readonly image?: ResolvedImage | undefined;
  readonly imageFrom?: string | undefined;
  readonly models: readonly ResolvedModel[];
  /** Models of which nothing is known yet, and where they will come from. */
  readonly toPull?: { readonly names: readonly ModelName[]; readonly from: string } | undefined;
  /** What the site has already: sha256 of blobs, and whether this very image. */
  readonly held?: { readonly blobs: ReadonlySet<string>; readonly image: boolean } | undefined;
}

export async function planCreate({
  image,
  imageFrom,
  models,
  toPull,
  output,
  staging,
  name,
  platform,
  held,
}: Resolved): Promise<CreatePlan> {
  const items = [
    ...(image === undefined ? [] : [imageItem(image, imageFrom)]),
    ...models.map(modelItem),
    ...(toPull?.names ?? []).map((model) => itemToPull(model, toPull?.from)),
  ];
  const isKnown = toPull === undefined || toPull.names.length === 0;
  const blobs = new Map(
    models.flatMap((model) => blobsOf(model.manifest)).map((blob) => [blob.sha256, blob.size]),
  );
  const modelBytes = [...blobs.values()].reduce((sum, size) => sum + size, 0);
  const imageSize = image === undefined ? 0 : image.statedSize;
  const content = imageSize === undefined || !isKnown ? undefined : imageSize + modelBytes;
  const leftOut = held && leftOutOf(held, blobs, imageSize);
  const saved = leftOut?.bytes ?? 0;
  const overhead = OVERHEAD + (blobs.size + models.length + 200) * OVERHEAD_PER_FILE;
  const needed = Math.ceil(((content ?? modelBytes) - saved) * (1 + OVERHEAD_PER_BYTE)) + overhead;
  const bundleAtMost = isKnown && (image === undefined || isStaged(image)) ? needed : undefined;
  const toStage = items.reduce((sum, { toFetch }) => sum + (toFetch ?? 0), 0);
  return {
    platform,
    name,
    output,
    items,
    files: blobs.size + models.length,
    bundleAtMost,
    leftOut,
    toInstall: {
      image: held?.image === true ? 0 : imageSize,
      models: modelBytes - (leftOut?.blobBytes ?? 0),
    },
    space: [
      { what: "staging volume", path: staging, needed: toStage, free: await freeSpaceAt(staging) },
      {
        what: "bundle",
        path: output,
        needed,
        free: await freeSpaceAt(output),
      },
    ],
    site: {
      disk: content === undefined ? undefined : (content - saved) * LOAD_FACTOR,
      memory: isKnown ? memoryFor(models) : undefined,
    },
  };
}

function memoryFor(models: readonly ResolvedModel[]): number {
  const largest = Math.max(0, ...models.map(({ manifest }) => statedModelSize(manifest)));
  return Math.ceil(largest * MEMORY_FACTOR);
}

function leftOutOf(
  held: NonNullable<Resolved["held"]>,
  blobs: ReadonlyMap<string, number>,
  imageSize = 0,
): CreatePlan["leftOut"] {
  const left = [...blobs].filter(([sha256]) => held.blobs.has(sha256));
  const blobBytes = left.reduce((sum, [, size]) => sum + size, 0);
  const bytes = blobBytes + (held.image ? imageSize : 0);
  return { image: held.image, blobs: left.length, blobBytes, bytes };
}

/** What goes to one file system is added up. Throws {@link HostError} NO_SPACE. */
export async function assertEnoughSpace({ space }: CreatePlan): Promise<void> {
  const byDevice = new Map<number, SpaceNeeded[]>();
  for (const entry of space) {
    const device = await deviceOf(entry.path);
    byDevice.set(device, [...(byDevice.get(device) ?? []), entry]);
  }
  for (const entries of byDevice.values()) {
    const needed = entries.reduce((sum, entry) => sum + entry.needed, 0);
    const free = Math.min(...entries.map((entry) => entry.free));
    if (needed > free) throw noSpace(entries, needed, free);
  }
}

function imageItem(image: ResolvedImage, from: string | undefined): PlannedItem {
  return {
    kind: "image",
    name: image.reference,
    from,
    digest: image.identity,
    size: image.statedSize,
    isExact: isStaged(image),
    toFetch: image.missingBytes,
  };
}

function isStaged({ missingBytes }: ResolvedImage): boolean {
  return missingBytes === 0;
}

function modelItem({ name, manifestBytes, manifest, missingBytes }: ResolvedModel): PlannedItem {
  return {
    kind: "model",
    name: fullModelName(name),
    digest: sha256Hex(manifestBytes),
    size: statedModelSize(manifest),
    isExact: true,
    toFetch: missingBytes,
  };
}

function itemToPull(name: ModelName, from: string | undefined): PlannedItem {
  return { kind: "model", name: fullModelName(name), from, isExact: false };
}

async function deviceOf(path: string): Promise<number> {
  const absolute = resolve(path);
  try {
    return (await stat(absolute)).dev;
  } catch (error) {
    if (!hasCode(error, "ENOENT", "ENOTDIR") || dirname(absolute) === absolute) throw error;
    return deviceOf(dirname(absolute));
  }
}

function noSpace(entries: readonly SpaceNeeded[], needed: number, free: number): HostError {
  const what = entries.map((entry) => `the ${entry.what} "${entry.path}"`).join(" and ");
  const need = entries.length === 1 ? "needs" : "need";
  return new HostError(
    "NO_SPACE",
    `Cannot create the bundle: ${what} ${need} up to ${formatCount(needed)} bytes, and ${formatCount(free)} are free`,
    {
      hint: "Free some space, or name other places with --output and --staging.",
    },
  );
}

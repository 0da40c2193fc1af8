import { z } from "zod";
import { sha256Hex } from "../../core/digest.ts";
import { DefinitionError, messageOf } from "../../core/errors.ts";
import type { Held } from "./held.ts";
import { BUNDLE_NAME } from "../models-json.ts";
import {
  digestShape,
  hexShape,
  listOf,
  modelNameShape,
  platformShape,
  sizeShape,
} from "../shapes.ts";

const SITE_FILE_VERSION = 1;

/** A store of 100,000 blobs takes some 10 MB. Bytes. */
export const MAX_SITE_FILE_SIZE = 16 * 1024 * 1024;

/** Words of engines and drivers: nothing that could turn a line on a terminal into another one. */
const word = z.string().regex(/^[\x20-\x7e]{0,100}$/, "expected at most 100 ASCII characters");

const siteModel = z.object({
  name: modelNameShape,
  /** sha256 of the manifest. */
  digest: hexShape,
  size: sizeShape,
});

const siteImage = z.object({
  /** Missing where the engine does not tell it. */
  configDigest: digestShape.optional(),
  diffIds: listOf(digestShape, 1000),
  platform: platformShape,
});

const engine = z.object({
  product: word,
  version: word,
  platform: platformShape,
  /** `containerd`, or the engine's own. */
  imageStore: z.enum(["containerd", "classic"]),
  rootless: z.boolean(),
  selinux: z.boolean(),
  /** Container runtimes by name: `nvidia` among them lets containers use such a GPU. */
  runtimes: listOf(word, 100),
  memory: sizeShape,
});

const host = z.object({
  /** `linux/amd64` */
  platform: platformShape,
  memory: sizeShape,
  freeMemory: sizeShape,
  gpus: listOf(z.object({ name: word, memory: sizeShape.optional() }), 100),
  /** Of those that Ollama usually gets: 11434 and the nine after it. */
  takenPorts: listOf(z.int().min(1).max(65_535), 100),
});

const siteFile = z.object({
  schemaVersion: z.literal(SITE_FILE_VERSION),
  tool: z.object({ name: word, version: word }),
  /** ISO 8601 */
  takenAt: word,
  /** Where the site keeps its models, as `install --models-in` has it. */
  modelsIn: z.enum(["image", "volume", "dir", "native"]),
  /** Whole models, every blob of them hashed on the day. */
  models: listOf(siteModel, 100_000),
  blobs: listOf(z.object({ sha256: hexShape, size: sizeShape }), 100_000),
  images: listOf(siteImage, 1000),
  /** Free bytes, where they could be known. */
  free: z.object({ models: sizeShape.optional(), images: sizeShape.optional() }),
  host,
  engine: engine.optional(),
  /** What was installed by ollama-bundle, the latest first. */
  bundles: listOf(z.object({ name: z.string().regex(BUNDLE_NAME), id: hexShape }), 1000),
});

/** What an offline site holds, for whoever makes bundles for it: nothing in it names a host, a user or a path. */
export type SiteFile = z.infer<typeof siteFile>;
export type SiteModel = z.infer<typeof siteModel>;
export type SiteImage = z.infer<typeof siteImage>;

/** A line for each fact, so that a person can read it and approve of it. */
export function encodeSiteFile(site: Omit<SiteFile, "schemaVersion">): string {
  const whole: SiteFile = { schemaVersion: SITE_FILE_VERSION, ...site };
  return `${JSON.stringify(siteFile.parse(whole), undefined, 2)}\n`;
}

/** Fields that this version does not know are left aside. Throws {@link DefinitionError} with what is wrong and where. */
export function decodeSiteFile(path: string, content: Buffer): SiteFile {
  if (content.length > MAX_SITE_FILE_SIZE)
    throw notAcceptable(path, `it has more than ${MAX_SITE_FILE_SIZE} bytes`);
  const parsed = siteFile.safeParse(parseJson(path, content));
  if (parsed.success) return parsed.data;
  throw notAcceptable(path, z.prettifyError(parsed.error).split("\n").slice(0, 4).join(" "));
}

/** What a bundle for this site need not carry. An image for another platform is none that this site runs. */
export function heldAt({ blobs, images, engine: runs }: SiteFile, content: Buffer): Held {
  return {
    base: { bundles: [], site: sha256Hex(content) },
    blobs: new Set(blobs.map(({ sha256 }) => sha256)),
    images: images.filter(({ platform }) => platform === runs?.platform),
  };
}

function parseJson(path: string, content: Buffer): unknown {
  try {
    return JSON.parse(content.toString("utf8"));
  } catch (error) {
    throw notAcceptable(path, messageOf(error));
  }
}

function notAcceptable(path: string, found: string): DefinitionError {
  return new DefinitionError("DEFINITION_INVALID", `Cannot use the site file "${path}": ${found}`, {
    hint: "Use a site file as `bundle inventory` wrote it; nothing in it needs to be edited.",
  });
}

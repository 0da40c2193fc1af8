import { z } from "zod";
import { BundleError, messageOf } from "../../core/errors.ts";

/** Parts are numbered with three digits. */
export const MAX_PARTS = 999;

export const PARTS_JSON_SUFFIX = ".parts.json";

/** What follows the bundle's name in that of a part. */
export const PART_SUFFIX = /\.\d{3}$/;

const MAX_PARTS_JSON_SIZE = 1024 * 1024;

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const bytes = z.int().positive();
const partsJson = z
  .object({
    schemaVersion: z.literal(1),
    /** What the parts together are called, and each of them before its number. */
    name: z.string(),
    /** The bundle's id. */
    bundle: digest,
    bytes,
    sha256: digest,
    /** Bytes from the beginning of one of a part's samples to that of the next. */
    sampleEvery: bytes,
    parts: z
      .array(
        z.object({
          name: z.string(),
          bytes,
          sha256: digest,
          samples: z.array(z.string()).min(1).max(16),
        }),
      )
      .min(1)
      .max(MAX_PARTS),
  })
  .refine((json) => json.parts.reduce((sum, part) => sum + part.bytes, 0) === json.bytes, {
    error: "the sizes of the parts do not add up",
  })
  .refine(({ name, parts }) => parts.every((part, at) => part.name === partName(name, at + 1)), {
    error: "the parts are not numbered one after another",
  });

/** What `NAME.tar.gz.parts.json` says (FORMAT.md): which parts there are, and that the set of them was written whole. */
export type PartsJson = z.infer<typeof partsJson>;

/** One part as the sidecar lists it. */
export type ListedPart = PartsJson["parts"][number];

/** `NAME.tar.gz.001` for number 1. */
export function partName(name: string, number: number): string {
  return `${name}.${String(number).padStart(3, "0")}`;
}

export function encodePartsJson(json: PartsJson): string {
  return `${JSON.stringify(json, undefined, 2)}\n`;
}

/** Throws {@link BundleError} DAMAGED for anything that this tool did not write. */
export function decodePartsJson(content: Buffer, path: string): PartsJson {
  if (content.length > MAX_PARTS_JSON_SIZE) throw unusable(path, "it is too long");
  const parsed = partsJson.safeParse(jsonOf(content, path));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw unusable(path, [issue?.path.join("."), issue?.message].filter(Boolean).join(": "));
}

function jsonOf(content: Buffer, path: string): unknown {
  try {
    return JSON.parse(content.toString("utf8"));
  } catch (error) {
    throw unusable(path, messageOf(error));
  }
}

function unusable(path: string, why: string): BundleError {
  return new BundleError("DAMAGED", `Cannot use "${path}": ${why}`, {
    hint: "Copy it again, or remove it: parts that are all there are checked without it too.",
  });
}

import { z } from "zod";
import { jsonOrUndefined } from "../../core/json-or-undefined.ts";
import { MAX_PARTS, partName } from "./part-names.ts";

/** Bytes. */
export const MAX_PARTS_JSON_SIZE = 1024 * 1024;

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

export function encodePartsJson(json: PartsJson): string {
  return `${JSON.stringify(json, undefined, 2)}\n`;
}

/** What the list says, or why it is none that this tool wrote. */
export function parsePartsJson(content: Buffer): PartsJson | { readonly why: string } {
  if (content.length > MAX_PARTS_JSON_SIZE) return { why: "it is too long" };
  const parsed = partsJson.safeParse(jsonOrUndefined(content.toString("utf8")));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue?.path.length === 0 && issue.code === "invalid_type")
    return { why: "it is no whole JSON" };
  return { why: [issue?.path.join("."), issue?.message].filter(Boolean).join(": ") };
}

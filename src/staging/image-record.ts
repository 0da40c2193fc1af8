import { readFile } from "node:fs/promises";
import { z } from "zod";
import { isSha256Hex } from "../core/digest.ts";
import { hasCode } from "../core/errors.ts";
import { writeWhole } from "./whole-file.ts";
import type { VolumePaths } from "./volume-paths.ts";

const hex = z.string().refine(isSha256Hex);

const imageRecord = z.object({
  reference: z.string().optional(),
  identity: z.string(),
  platform: z.string(),
  configSha256: hex,
  /** Uncompressed, in the order of the config's diff_ids. */
  layerSha256s: z.array(hex),
  sourceDigest: z.string().optional(),
});

/** Which contents of the volume make up an image that was staged once. */
export type ImageRecord = z.infer<typeof imageRecord>;

export async function readImageRecord(
  paths: VolumePaths,
  key: string,
): Promise<ImageRecord | undefined> {
  try {
    const parsed = imageRecord.safeParse(JSON.parse(await readFile(paths.image(key), "utf8")));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

export async function writeImageRecord(
  paths: VolumePaths,
  key: string,
  record: ImageRecord,
): Promise<void> {
  await writeWhole(paths, paths.image(key), Buffer.from(JSON.stringify(imageRecord.parse(record))));
}

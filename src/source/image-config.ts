import { z } from "zod";
import { jsonOrUndefined } from "../core/json-or-undefined.ts";

/** As configs and the entries of an index have it. */
export const platformShape = z.object({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
});

type Platform = z.infer<typeof platformShape>;

/** What is needed of an image's config (https://github.com/opencontainers/image-spec/blob/main/config.md); Docker's is alike. */
const config = platformShape.extend({
  rootfs: z.object({ diff_ids: z.array(z.string().regex(/^sha256:[0-9a-f]{64}$/)) }),
});

export interface ImageConfig {
  /** `linux/amd64` */
  readonly platform: string;
  /** `sha256:<hex>` of each uncompressed layer, from the bottom. */
  readonly diffIds: readonly string[];
}

/** Undefined for what is not an image's config. */
export function parseImageConfig(bytes: Buffer): ImageConfig | undefined {
  const { data } = config.safeParse(jsonOrUndefined(bytes));
  if (data === undefined) return undefined;
  return { platform: platformName(data), diffIds: data.rootfs.diff_ids };
}

/** `linux/amd64`. Every arm64 is v8. */
export function platformName({ os, architecture, variant }: Platform): string {
  const suffix = architecture === "arm64" || !variant ? "" : `/${variant}`;
  return `${os}/${architecture}${suffix}`;
}

import { z } from "zod";
import { jsonOrUndefined } from "../core/json-or-undefined.ts";

/** Docker's manifest.json: https://github.com/moby/docker-image-spec/blob/main/v1.2.md#combined-image-json--filesystem-changeset-format */
const manifestShape = z.array(
  z.object({
    Config: z.string(),
    RepoTags: z.array(z.string()).nullish(),
    Layers: z.array(z.string()).nullish(),
  }),
);

export type DockerManifestEntry = z.infer<typeof manifestShape>[number];

/** What manifest.json of a `docker save` archive says; `problem` says why it cannot be read. */
export function parseDockerManifest(
  bytes: Buffer | undefined,
): { entries: readonly DockerManifestEntry[] } | { problem: string } {
  if (bytes === undefined)
    return { problem: "it has no manifest.json: it is cut off, or no image" };
  const parsed = manifestShape.safeParse(jsonOrUndefined(bytes));
  if (parsed.success) return { entries: parsed.data };
  const why = z.prettifyError(parsed.error).slice(0, 300);
  return { problem: `its manifest.json cannot be read: ${why}` };
}

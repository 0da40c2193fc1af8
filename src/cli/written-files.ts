import { dirname, join } from "node:path";
import type { WrittenFiles } from "../bundle/output/output-files.ts";

/** What is to be carried: the bundle, or its parts, and the sidecars. Of many parts the first and the last are named. */
export function writtenFiles({
  path,
  sidecar,
  inParts,
}: Pick<WrittenFiles, "sidecar" | "inParts"> & { readonly path: string }): string[] {
  if (inParts === undefined) return [path, sidecar];
  const parts = inParts.parts.map(({ name }) => join(dirname(path), name));
  const [first = "", last = ""] = [parts[0], parts.at(-1)];
  const named = parts.length <= 10 ? parts : [first, `… ${parts.length} parts …`, last];
  return [...named, sidecar, inParts.sidecar];
}

import type { WorkOptions } from "../../core/progress.ts";

/** Bytes of a part, as people write them; warns of a size that is one byte too large for what it is mostly meant for. */
export async function splitSize(text: string, { onProgress }: WorkOptions): Promise<number> {
  const { parseSplitSize, splitSizeWarning } = await import("../../bundle/parts/split-size.ts");
  const size = parseSplitSize(text);
  const warning = splitSizeWarning(size);
  if (warning !== undefined) onProgress?.({ kind: "warning", text: warning });
  return size;
}

import { basename } from "node:path";
import type { WorkOptions } from "../../core/progress.ts";
import { assertOutputSpace } from "../output/assert-output-space.ts";
import { assertWritableOutput } from "../output/assert-writable-output.ts";
import { BundleOutput } from "../output/bundle-output.ts";
import { gatherSegments } from "./gather-segments.ts";
import { unmended } from "./unmended.ts";
import type { Segment } from "../layout.ts";
import type { Mended, Repair } from "./mended.ts";

/** Writes the bundle as one file to `path`, each byte from the first of the copies that has it right; or nothing. */
export async function writeMended(
  repair: Repair,
  path: string,
  options: WorkOptions,
): Promise<Mended> {
  const { damaged, others, layout, pool } = repair;
  await assertWritableOutput(path, {});
  await assertOutputSpace(path, layout.size);
  await using output = await BundleOutput.create(path, { pool });
  options.onProgress?.({ kind: "step", text: `Checking and writing ${basename(path)}` });
  const files = [damaged, ...others].map(({ file }) => file);
  const missing: Segment[] = [];
  for await (const gathered of gatherSegments({ layout, files, pool }, layout.segments, options)) {
    using held = gathered;
    if (held.bytes === undefined) missing.push(held.segment);
    else if (missing.length === 0) await output.write(held.bytes);
  }
  if (missing.length > 0) return await unmended(repair, missing, options);
  const written = await output.finish(layout.id);
  return { mended: [], unmended: [], written: written.size, output: { path, ...written } };
}

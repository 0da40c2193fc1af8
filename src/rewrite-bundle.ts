import { basename, resolve } from "node:path";
import { assertOutputSpace } from "./bundle/output/assert-output-space.ts";
import { assertWritableOutput } from "./bundle/output/assert-writable-output.ts";
import { BundleOutput } from "./bundle/output/bundle-output.ts";
import { BundleReader } from "./bundle/bundle-reader.ts";
import { findBundle } from "./bundle/find-bundle.ts";
import type { WrittenFiles } from "./bundle/output/output-files.ts";
import { assertComplete } from "./bundle/parts/part-set.ts";
import { assertEnoughNumbers } from "./bundle/parts/split-size.ts";
import { ChunkPool } from "./core/chunks/pool.ts";
import type { WorkOptions } from "./core/progress.ts";

export interface RewriteOptions extends WorkOptions {
  /** The bundle: a file, a part, a sidecar, a directory, or several of them. */
  readonly bundle: string | readonly string[];
  /** Path of what is written; by default the bundle's name in the current directory. */
  readonly output?: string | undefined;
  /** Bytes of each part; without it, it is written as one file. */
  readonly partSize?: number | undefined;
}

export interface RewriteReport extends WrittenFiles {
  readonly name: string;
  readonly id: string;
  /** Of the file; or what its parts are called before their numbers. */
  readonly path: string;
}

/**
 * Writes a bundle once more, in parts or as one file, and leaves the original as it is. Every byte is checked on its way.
 * Throws {@link BundleError} for a bundle that `verify` would not accept, and {@link HostError} where it cannot be written.
 */
export async function rewriteBundle(options: RewriteOptions): Promise<RewriteReport> {
  const { bundle, partSize } = options;
  const place = await findBundle(bundle);
  if (place.kind === "parts") assertComplete(place);
  const path = resolve(options.output ?? basename(place.path));
  await using pool = new ChunkPool();
  await using reader = await BundleReader.open(place, pool);
  if (partSize !== undefined) assertEnoughNumbers(partSize, reader.layout.size);
  await assertWritableOutput(path, {});
  await assertOutputSpace(path, reader.layout.size);
  await using output = await BundleOutput.create(path, { pool, partSize });
  options.onProgress?.({ kind: "step", text: `Checking and writing ${basename(path)}` });
  for await (const run of reader.runs(options)) {
    using held = run;
    await output.write(held.bytes);
  }
  const { id } = reader;
  return { name: reader.manifest.name, id, path, ...(await output.finish(id)) };
}

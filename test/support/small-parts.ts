import { join } from "node:path";
import type { WrittenBundle } from "../../src/bundle/write-bundle.ts";
import { writeBundle } from "../../src/bundle/write-bundle.ts";
import type { ChunkPool } from "../../src/core/chunks/pool.ts";
import { noise, smallContents } from "./small-bundle.ts";

export interface SmallParts extends WrittenBundle {
  /** Paths of the parts, in order. */
  readonly files: readonly string[];
}

/** Writes a bundle in `count` parts into a directory; another `seed` gives other content of the same size. */
export async function writeSmallParts(
  directory: string,
  pool: ChunkPool,
  { count = 7, size = 700_000, seed = 1, name = "small" } = {},
): Promise<SmallParts> {
  const contents = { ...(await smallContents(directory, noise(size, seed), seed + 1)), name };
  const whole = await writeBundle(contents, { path: join(directory, "whole.tmp"), pool }, {});
  const place = { path: join(directory, "small.tar.gz"), pool };
  const partSize = Math.ceil(whole.size / count);
  const written = await writeBundle(contents, { ...place, partSize }, {});
  const parts = written.inParts?.parts ?? [];
  return { ...written, files: parts.map((part) => join(directory, part.name)) };
}

import type { BundleReader } from "../bundle/bundle-reader.ts";
import type { WorkOptions } from "../core/progress.ts";
import { MODELS_DIRECTORY, modelLayerFrame } from "../core/model-layer.ts";
import { thrownLater } from "../core/thrown-later.ts";
import { BlobHash } from "./blob-hash.ts";
import type { ChunkPool } from "../core/chunks/pool.ts";
import type { BundledFile, ModelLayer } from "../bundle/models-json.ts";
import { pathInStore } from "./model-paths.ts";

/** A file's checked content. Its bytes lie in memory that is used again: each run is valid until the next is asked for. */
export async function* checkedBytes(
  bundle: BundleReader,
  path: string,
  options: WorkOptions,
): AsyncGenerator<Buffer> {
  for await (const piece of bundle.content(path, options)) {
    using held = piece;
    yield* held.runs;
  }
}

/** The same for a blob that is written into a store: counted, and in the end its whole sha256 must be what its name says. */
export async function* hashedBytes(
  {
    bundle,
    pool,
    count,
  }: {
    readonly bundle: BundleReader;
    readonly pool: ChunkPool;
    readonly count: (bytes: number) => void;
  },
  path: string,
  options: WorkOptions,
): AsyncGenerator<Buffer> {
  const hash = new BlobHash(path, pool);
  for await (const piece of bundle.content(path, options)) {
    using held = piece;
    const hashed = thrownLater(hash.update(held));
    try {
      for (const run of held.runs) {
        yield run;
        count(run.length);
      }
    } finally {
      await hashed;
    }
  }
  await hash.check();
}

/** The tar of an image layer with models, made around the checked content of its files. */
export async function* modelLayerBytes(
  bundle: BundleReader,
  { paths }: ModelLayer,
  options: WorkOptions,
): AsyncGenerator<Uint8Array> {
  const files = filesAt(bundle, paths);
  const { before, end } = modelLayerFrame(
    files.map(({ path, size }) => ({ path: pathInStore(path), size })),
  );
  for (const [index, { path }] of files.entries()) {
    yield before(index);
    yield* checkedBytes(bundle, path, options);
  }
  yield end;
}

/** For `docker history`. */
export function describeModelLayer({ paths }: ModelLayer): string {
  return `ollama-bundle: ${paths.length} model files in ${MODELS_DIRECTORY}`;
}

function filesAt({ manifest }: BundleReader, paths: readonly string[]): BundledFile[] {
  const byPath = new Map(manifest.files.map((file) => [file.path, file]));
  return paths.flatMap((path) => byPath.get(path) ?? []);
}

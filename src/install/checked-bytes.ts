import type { BundleReader } from "../bundle/bundle-reader.ts";
import type { WorkOptions } from "../core/progress.ts";
import { MODELS_DIRECTORY, modelLayerFrame } from "../core/model-layer.ts";
import { BlobHash } from "./blob-hash.ts";
import type { ChunkPool } from "../core/chunks/pool.ts";
import type { BundledFile, ModelLayer } from "../bundle/models-json.ts";
import { pathInStore } from "./model-paths.ts";

/** Few large writes are faster than many small ones; a connection may hold several of these. */
const COPY_SIZE = 1024 * 1024;

/**
 * A file's checked content as bytes of its own: a connection can hold what it was given for longer than the shared buffer that
 * the check worked in may be held.
 */
export async function* checkedBytes(
  bundle: BundleReader,
  path: string,
  options: WorkOptions,
): AsyncGenerator<Buffer> {
  for await (const piece of bundle.content(path, options)) {
    using held = piece;
    yield* copiesOf(held.runs);
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
    const hashed = hash.update(held);
    // Reported below; until then it must not count as unhandled.
    hashed.catch(() => undefined);
    try {
      for (const copy of copiesOf(held.runs)) {
        yield copy;
        count(copy.length);
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
    yield before[index] ?? Buffer.alloc(0);
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

function* copiesOf(runs: readonly Buffer[]): Generator<Buffer> {
  let group: Buffer[] = [];
  let size = 0;
  for (const run of runs) {
    if (size > 0 && size + run.length > COPY_SIZE) {
      yield Buffer.concat(group, size);
      [group, size] = [[], 0];
    }
    group.push(run);
    size += run.length;
  }
  if (size > 0) yield Buffer.concat(group, size);
}

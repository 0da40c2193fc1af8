import { readdir, readFile } from "node:fs/promises";
import { join, posix, relative, sep } from "node:path";
import { buffer } from "node:stream/consumers";
import { modelOfManifestPath } from "../../bundle/file-paths.ts";
import { type FileHashOptions, fileSha256 } from "../../core/chunks/file-sha256.ts";
import type { ChunkPool } from "../../core/chunks/pool.ts";
import { streamSha256 } from "../../core/chunks/stream-sha256.ts";
import { hasCode } from "../../core/errors.ts";
import { type ReadTarEntry, readTar } from "../../core/tar.ts";
import type { ContainerPath, Engine } from "../../engine/engine.ts";
import { inStore, statOrUndefined } from "./store.ts";

/** What an Ollama store holds, wherever it lies. Nothing of it is changed. */
export interface StoreContent {
  /** For messages: `the store "/srv/models"`. */
  readonly label: string;
  /** A file's sha256 and its size, by its path relative to the store; undefined where there is no such file. */
  hash(path: string, options: FileHashOptions): Promise<FileHash | undefined>;
  /** Every file where a model's manifest would lie. */
  manifests(options: FileHashOptions): AsyncIterable<StoredManifest>;
}

export interface FileHash {
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

export interface StoredManifest {
  /** `manifests/<host>/<namespace>/<model>/<tag>` */
  readonly path: string;
  readonly bytes: Buffer;
}

/** Far more than any manifest takes: one with 100,000 layers. Bytes. */
const MAX_MANIFEST = 32 * 1024 * 1024;

/** One that is not there yet. */
export function emptyStore(label: string): StoreContent {
  return { label, hash: async () => undefined, async *manifests() {} };
}

/** A store in a directory of this host. */
export function storeInDirectory(root: string, pool: ChunkPool): StoreContent {
  return {
    label: `the store "${root}"`,
    hash: (path, options) =>
      inStore(root, async () => {
        const stats = await statOrUndefined(join(root, path));
        return stats?.isFile() === true ? fileSha256(join(root, path), pool, options) : undefined;
      }),
    manifests: () => manifestsInDirectory(root),
  };
}

interface StoreInContainer extends ContainerPath {
  readonly engine: Engine;
}

/** A store in a volume that a container has, which need not run. */
export function storeInVolume(
  volume: string,
  from: StoreInContainer,
  pool: ChunkPool,
): StoreContent {
  return {
    label: `the volume "${volume}"`,
    hash: async (path, options) => {
      for await (const { type, size, content } of entriesOf(from, path))
        return type === "file"
          ? { size, sha256: await streamSha256(content, pool, options) }
          : undefined;
      return undefined;
    },
    async *manifests({ signal }) {
      for await (const { path: name, type, size, content } of entriesOf(from, "manifests")) {
        signal?.throwIfAborted();
        const path = posix.normalize(name);
        if (type === "file" && isManifest(path, size)) yield { path, bytes: await buffer(content) };
      }
    },
  };
}

async function* entriesOf(
  { engine, container, path: directory }: StoreInContainer,
  path: string,
): AsyncGenerator<ReadTarEntry> {
  const tar = await engine.getArchive({ container, path: `${directory}/${path}` });
  if (tar !== undefined) yield* readTar(tar);
}

async function* manifestsInDirectory(root: string): AsyncGenerator<StoredManifest> {
  const top = join(root, "manifests");
  const entries = await inStore(root, () =>
    readdir(top, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
      if (hasCode(error, "ENOENT")) return [];
      throw error;
    }),
  );
  for (const entry of entries) {
    const file = join(entry.parentPath, entry.name);
    const path = relative(root, file).replaceAll(sep, "/");
    const stats = await inStore(root, () => statOrUndefined(file));
    if (stats?.isFile() === true && isManifest(path, stats.size))
      yield { path, bytes: await inStore(root, () => readFile(file)) };
  }
}

/** What else lies there (`.DS_Store`, `._latest`) has no valid name. */
function isManifest(path: string, size: number): boolean {
  return modelOfManifestPath(`models/${path}`) !== undefined && size <= MAX_MANIFEST;
}

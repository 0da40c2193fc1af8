import { TAR_END_SIZE, type TarEntry, tarHeader, tarHeaderSize, tarPadding } from "./tar-header.ts";

/** Where an image built from a bundle has its models: not below /root/.ollama, where a volume would hide them. */
export const MODELS_DIRECTORY = "/opt/ollama/models";

/** A file of a model store, its path relative to the store (`blobs/…` or `manifests/…`), as an image layer holds it. */
export interface LayerFile {
  readonly path: string;
  readonly size: number;
}

/**
 * The tar of an image layer that holds files of a model store, as the bytes between the files' contents: `before(i)` goes
 * before the content of file `i`, `end` after the last. The layer's diff_id is the sha256 of it all. Directories come first,
 * since Docker 20.10 makes missing parents with mode 0600.
 */
export function modelLayerFrame(files: readonly LayerFile[]): {
  readonly before: (index: number) => Buffer;
  readonly end: Buffer;
} {
  const entries = files.map(entryOf);
  const directories = directoryEntries(entries);
  const paddingBefore = (index: number): Buffer =>
    Buffer.alloc(tarPadding(entries[index - 1]?.size ?? 0));
  const before = (index: number): Buffer => {
    const headers = [...(index === 0 ? directories : []), ...entries.slice(index, index + 1)];
    return Buffer.concat([paddingBefore(index), ...headers.map(tarHeader)]);
  };
  return {
    before,
    end: Buffer.concat([paddingBefore(entries.length), Buffer.alloc(TAR_END_SIZE)]),
  };
}

/** Bytes of the tar of a layer with these files. */
export function modelLayerSize(files: readonly LayerFile[]): number {
  const entries = files.map(entryOf);
  return [...directoryEntries(entries), ...entries].reduce(
    (sum, entry) => sum + tarHeaderSize(entry) + entry.size + tarPadding(entry.size),
    TAR_END_SIZE,
  );
}

function entryOf({ path, size }: LayerFile): TarEntry {
  return { path: `${MODELS_DIRECTORY}/${path}`.slice(1), size, mode: 0o644, mtime: 0 };
}

function directoryEntries(files: readonly TarEntry[]): TarEntry[] {
  return directoriesOf(files.map(({ path }) => path)).map((path) => ({
    path,
    size: 0,
    mode: 0o755,
    mtime: 0,
  }));
}

/** Every directory above the paths, each once, parents first, ending in "/". */
function directoriesOf(paths: readonly string[]): string[] {
  const directories = new Set<string>();
  for (const path of paths) {
    for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1))
      directories.add(path.slice(0, at + 1));
  }
  return [...directories];
}

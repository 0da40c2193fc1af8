import { MODELS_DIRECTORY } from "../../core/model-layer.ts";
import type { WorkOptions } from "../../core/progress.ts";
import { type WrittenTarEntry, readTar, writeTar } from "../../core/tar.ts";
import { NEVER_RUNS } from "../../engine/empty-image.ts";
import type { Engine } from "../../engine/engine.ts";
import { LABEL } from "../installation-id.ts";

/** A container that never runs and has the volume: the way into a volume's files that every engine has. */
export interface VolumeHelper {
  readonly engine: Engine;
  readonly volume: string;
  /** The container's name. */
  readonly name: string;
  readonly image: string;
  readonly installation: string;
}

export function helperName(installation: string): string {
  return `ollama-bundle-helper-${installation}`;
}

export async function createHelper({
  engine,
  volume,
  name,
  image,
  installation,
}: VolumeHelper): Promise<void> {
  await engine.createContainer({
    name,
    image,
    labels: { [LABEL.installation]: installation, [LABEL.role]: "helper" },
    entrypoint: NEVER_RUNS,
    volumes: { [volume]: MODELS_DIRECTORY },
    network: "none",
  });
}

/** Writes files and directories (their paths end in "/"), relative to the store. They appear under their final names at once. */
export async function putIntoVolume(
  { engine, name }: VolumeHelper,
  entries: Iterable<WrittenTarEntry>,
  options: WorkOptions,
): Promise<void> {
  await engine.putArchive({ container: name, path: MODELS_DIRECTORY }, writeTar(entries), options);
}

/** A file of the volume, by its path relative to the store; undefined where there is none, or where it is no file. */
export async function readFromVolume<T>(
  { engine, name }: VolumeHelper,
  path: string,
  read: (content: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T | undefined> {
  const tar = await engine.getArchive({ container: name, path: `${MODELS_DIRECTORY}/${path}` });
  if (tar === undefined) return undefined;
  for await (const { type, content } of readTar(tar))
    return type === "file" ? await read(content) : undefined;
  return undefined;
}

/** Directories with the rights that Ollama gives them: engines make missing ones with others. */
export function directoryEntries(paths: Iterable<string>, mtime: number): WrittenTarEntry[] {
  return [...new Set(paths)].map((path) => ({
    path: `${path}/`,
    size: 0,
    mode: 0o755,
    mtime,
    content: Buffer.alloc(0),
  }));
}

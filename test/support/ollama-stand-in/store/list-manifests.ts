import { mkdir, readdir, stat } from "node:fs/promises";
import path from "node:path";
import { isNotFound } from "../go/system-error.ts";
import type { Log } from "../log.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import { type ModelName, nameOfPath, pathOfName } from "./model-name.ts";

/** A file four levels below `manifests/`, whatever it is. */
export interface ManifestFile {
  /** Relative to `manifests/`. */
  readonly path: string;
  readonly name: ModelName | undefined;
}

/** All manifest files; rejects where one is a link to nothing. */
export async function manifestFiles(store: string): Promise<ManifestFile[]> {
  const root = path.join(store, "manifests");
  await mkdir(root, { recursive: true }).catch(() => {});
  let paths = [""];
  for (let level = 0; level < 4; level += 1) {
    const below = await Promise.all(paths.map((parent) => entries(root, parent)));
    paths = below.flat();
  }
  const files = await Promise.all(
    paths.map(async (file) => ((await stat(path.join(root, file))).isDirectory() ? [] : [file])),
  );
  return files.flat().map((file) => ({ path: file, name: nameOfPath(file) }));
}

/** All manifests that can be read; the others are logged. */
export async function readableManifests(store: string, log: Log): Promise<Manifest[]> {
  const found = await Promise.all(
    (await manifestFiles(store)).map(async (file) => {
      if (file.name === undefined) {
        log("WARN", "bad manifest name", { path: file.path });
        return [];
      }
      try {
        return [await readManifest(store, file.name)];
      } catch (error) {
        log("WARN", "bad manifest", { name: pathOfName(file.name), error });
        return [];
      }
    }),
  );
  return found.flat();
}

/** The name of the manifest that is there, which may differ from the one asked for in case. */
export async function existingName(
  store: string,
  asked: ModelName,
): Promise<ModelName | undefined> {
  const wanted = pathOfName(asked).toLowerCase();
  const files = await manifestFiles(store).catch(() => []);
  const candidates = files.filter((file) => file.path.toLowerCase() === wanted);
  const exact = candidates.find((file) => file.path === pathOfName(asked));
  return (exact ?? candidates[0])?.name;
}

async function entries(root: string, parent: string): Promise<string[]> {
  try {
    return (await readdir(path.join(root, parent))).map((name) => path.join(parent, name));
  } catch (error) {
    if (isNotFound(error) || (error as NodeJS.ErrnoException).code === "ENOTDIR") return [];
    throw error;
  }
}

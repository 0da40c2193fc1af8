import { readFile, readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { buffer } from "node:stream/consumers";
import type { BundledModel } from "../bundle/models-json.ts";
import { sha256Hex } from "../core/digest.ts";
import { hasCode } from "../core/errors.ts";
import { type ModelName, fullModelName, isValidModelName } from "../core/model-name.ts";
import { readTar } from "../core/tar.ts";
import type { ContainerPath, Engine } from "../engine/engine.ts";
import { manifestPathOf, pathInStore } from "./model-paths.ts";
import type { Store } from "./store/store.ts";

/** The models of a store, by their manifests: path relative to the store, and the manifest's bytes. */
export type ModelsThere = ReadonlyMap<string, Buffer>;

const MANIFESTS = "manifests";

export async function modelsInStore({ root }: Pick<Store, "root">): Promise<ModelsThere> {
  const options = { recursive: true, withFileTypes: true } as const;
  const entries = await unlessNone(() => readdir(join(root, MANIFESTS), options));
  const there = new Map<string, Buffer>();
  for (const entry of entries?.filter((each) => !each.isDirectory()) ?? []) {
    const path = join(entry.parentPath, entry.name);
    // Ollama follows links to manifests.
    const bytes = await unlessNone(() => readFile(path));
    if (bytes !== undefined) there.set(relative(root, path).split(sep).join("/"), bytes);
  }
  return there;
}

/** `from` is a container, running or not, and its models directory. */
export async function modelsInContainer(
  engine: Pick<Engine, "getArchive">,
  { container, path }: ContainerPath,
): Promise<ModelsThere> {
  const tar = await engine.getArchive({ container, path: `${path}/${MANIFESTS}` });
  const there = new Map<string, Buffer>();
  if (tar === undefined) return there;
  for await (const { type, path: inside, content } of readTar(tar))
    if (type === "file") there.set(inside, await buffer(content));
  return there;
}

/** `blobs/sha256-<hex>` for each digest in any of the manifests. */
export function blobsNamedBy(there: ModelsThere): Set<string> {
  const texts = [...there.values()].map((bytes) => bytes.toString("utf8"));
  const digests = texts.flatMap((text) => [...text.matchAll(/sha256:([0-9a-f]{64})/g)]);
  return new Set(digests.map(([, hex]) => `blobs/sha256-${hex}`));
}

/** Those that are none of a bundle's. What has no name that Ollama takes is no model. */
export function otherModels(there: ModelsThere, bundled: readonly BundledModel[]): ModelsThere {
  const own = new Set(bundled.map((model) => pathInStore(manifestPathOf(model))));
  return new Map([...there].filter(([path]) => !own.has(path) && nameOfPath(path) !== undefined));
}

export interface ModelThere {
  /** All parts spelled out. */
  readonly name: string;
  readonly digest: string;
}

export function describeModels(there: ModelsThere): ModelThere[] {
  return [...there].flatMap(([path, bytes]) => {
    const name = nameOfPath(path);
    return name === undefined ? [] : [{ name: fullModelName(name), digest: sha256Hex(bytes) }];
  });
}

function nameOfPath(path: string): ModelName | undefined {
  const [, host = "", namespace = "", model = "", tag = "", ...more] = path.split("/");
  const name = { host, namespace, model, tag };
  return more.length === 0 && isValidModelName(name) ? name : undefined;
}

async function unlessNone<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "EISDIR")) return undefined;
    throw error;
  }
}

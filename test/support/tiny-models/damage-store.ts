import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { ggufPieces } from "./gguf-file.ts";
import { modelFile } from "./model-file.ts";
import { xorshiftBytes } from "./random-weights.ts";
import { type Descriptor, MEDIA_TYPE, writeBlob, writeSmallBlob } from "./store-writer.ts";

/** A fault in the store that `writeTinyModels` wrote, by the name that `test/contract` has for it. */
export type Damage = keyof typeof DAMAGES;

const DAMAGES = {
  "blobs-named-with-colon": (store) => renameBlobs(store, (name) => name.replace("-", ":")),
  "blobs-uppercase-hex": (store) =>
    renameBlobs(store, (name) => `sha256-${name.slice("sha256-".length).toUpperCase()}`),
  "config-corrupt": (store) => writeFileSync(blob(store, "config"), '{"model_format":"gguf"'),
  "config-missing": (store) => rmSync(blob(store, "config")),
  "directory-at-tag-level": (store) => mkdirSync(tag(store, "third")),
  "ds-store": (store) => {
    for (const file of [".DS_Store", "registry.ollama.ai/library/.DS_Store"]) {
      writeFileSync(path.join(store, "manifests", file), "junk");
    }
    for (const file of [".DS_Store", "._latest"]) writeFileSync(tag(store, file), "junk");
  },
  "embed-weights-missing": (store) => rmSync(blob(store, "model", "tiny-embed")),
  "extra-tensor": (store) => addUnknownTensor(store),
  "license-missing": (store) => rmSync(blob(store, "license")),
  "manifest-dangling-symlink": (store) => symlinkSync("nothing", tag(store, "third")),
  "manifest-digest-with-dash": (store) =>
    editManifest(store, (text) => text.replaceAll("sha256:", "sha256-")),
  "manifest-empty": (store) => editManifest(store, () => ""),
  "manifest-symlink": (store) => symlinkSync("latest", tag(store, "third")),
  "manifest-trailing-newline": (store) => editManifest(store, (text) => `${text}\n`),
  "manifest-truncated": (store) =>
    editManifest(store, (text) => text.slice(0, Math.floor(text.length / 2))),
  "no-config-at-all": (store) =>
    editManifest(store, () =>
      JSON.stringify({ schemaVersion: 2, layers: [layer(store, "model", "tiny")] }),
    ),
  "params-missing": (store) => rmSync(blob(store, "params")),
  "template-missing": (store) => rmSync(blob(store, "template")),
  "weights-empty": (store) => truncateSync(blob(store, "model"), 0),
  "weights-flipped-byte": (store) => overwriteWeights(store, 70_000, flippedByte(store, 70_000)),
  "weights-missing": (store) => rmSync(blob(store, "model")),
  "weights-tail-zeroed": (store) =>
    overwriteWeights(store, layer(store, "model", "tiny").size - 40_000, Buffer.alloc(40_000)),
  "weights-trailing-bytes": (store) => appendFileSync(blob(store, "model"), Buffer.alloc(4096)),
  "weights-truncated-by-one": (store) =>
    truncateSync(blob(store, "model"), layer(store, "model", "tiny").size - 1),
  "weights-truncated": (store) => truncateSync(blob(store, "model"), 94_000),
} satisfies Readonly<Record<string, (store: string) => void | Promise<void>>>;

/** Damages a store of tiny models; unless the name says otherwise, it is tiny:latest that suffers. */
export async function damageStore(store: string, damage: Damage): Promise<void> {
  await DAMAGES[damage](store);
}

function tag(store: string, name: string, model = "tiny"): string {
  return path.join(store, "manifests/registry.ollama.ai/library", model, name);
}

interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

function manifestOf(store: string, model: string): Manifest {
  return JSON.parse(readFileSync(tag(store, "latest", model), "utf8"));
}

type Kind = "config" | "model" | "template" | "license" | "params";

function layer(store: string, kind: Kind, model: string): Descriptor {
  const { config, layers } = manifestOf(store, model);
  const found = [config, ...layers].find(({ mediaType }) => mediaType === MEDIA_TYPE[kind]);
  if (found === undefined) throw new Error(`"${model}" has no ${kind}`);
  return found;
}

function blob(store: string, kind: Kind, model = "tiny"): string {
  return path.join(store, "blobs", layer(store, kind, model).digest.replace(":", "-"));
}

function renameBlobs(store: string, rename: (name: string) => string): void {
  const blobs = path.join(store, "blobs");
  for (const name of readdirSync(blobs)) {
    renameSync(path.join(blobs, name), path.join(blobs, rename(name)));
  }
}

function editManifest(store: string, edit: (text: string) => string): void {
  const file = tag(store, "latest");
  writeFileSync(file, edit(readFileSync(file, "utf8")));
}

function flippedByte(store: string, offset: number): Buffer {
  return Buffer.from([(readFileSync(blob(store, "model"))[offset] ?? 0) ^ 0xff]);
}

function overwriteWeights(store: string, offset: number, bytes: Buffer): void {
  const file = openSync(blob(store, "model"), "r+");
  writeSync(file, bytes, 0, bytes.length, offset);
  closeSync(file);
}

async function addUnknownTensor(store: string): Promise<void> {
  const { model } = modelFile({ name: "tiny" });
  const padding = { name: "padding.weight", shape: [32, 1000], type: "q8_0" } as const;
  const pieces = ggufPieces(
    { ...model, tensors: [...model.tensors, padding] },
    xorshiftBytes(0x7177_0001),
  );
  const weights = await writeBlob(store, MEDIA_TYPE.model, pieces);
  const manifest = manifestOf(store, "tiny");
  const configText = readFileSync(blob(store, "config"), "utf8").replace("123K", "155K");
  const config = writeSmallBlob(store, MEDIA_TYPE.config, configText);
  const layers = [weights, ...manifest.layers.slice(1)];
  editManifest(store, () => JSON.stringify({ ...manifest, config, layers }));
}

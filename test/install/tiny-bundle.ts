import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { BundleContents } from "../../src/bundle/bundle-contents.ts";
import { type WrittenBundle, writeBundle } from "../../src/bundle/write-bundle.ts";
import { ChunkPool } from "../../src/core/chunks/pool.ts";
import { parseModelName } from "../../src/core/model-name.ts";
import { blobsOf, parseModelManifest, statedModelSize } from "../../src/source/model-manifest.ts";
import type { StagedFile } from "../../src/staging/staged-file.ts";
import { stagedFile } from "../support/small-bundle.ts";
import { type WrittenModel, writeTinyModels } from "../support/tiny-models.ts";

type Model = BundleContents["models"][number];

export interface TinyBundleOptions {
  readonly name?: string;
  readonly platform?: string;
  readonly images?: BundleContents["images"];
  /** Adds `big:latest`, of at least so many bytes. */
  readonly bigSize?: number;
  /** Makes another `tiny:latest` of it. */
  readonly system?: string;
  /** Which of the tiny models; all by default. */
  readonly models?: (name: string) => boolean;
  /** What the site has already. */
  readonly held?: BundleContents["held"];
}

/** Packs the tiny models, that a server can run, into `<directory>/<name>.tar.gz`. */
export async function writeTinyBundle(
  directory: string,
  {
    name = "tiny",
    platform = "linux/amd64",
    images = [],
    bigSize,
    system,
    models: isWanted = () => true,
    held,
  }: TinyBundleOptions = {},
): Promise<WrittenBundle> {
  const source = join(directory, "source");
  const staging = join(directory, "staging");
  await mkdir(staging, { recursive: true });
  const { models } = await writeTinyModels(source, {
    ...(bigSize !== undefined && { bigSize }),
    ...(system !== undefined && { system }),
  });
  const staged: Model[] = [];
  for (const model of models.filter((each) => isWanted(each.name))) {
    staged.push(await stagedModel(source, staging, model));
  }
  await using pool = new ChunkPool();
  const path = join(directory, `${name}.tar.gz`);
  return await writeBundle({ name, platform, images, models: staged, held }, { path, pool }, {});
}

/** The digests that a bundle promises, by the names that Ollama prints. */
export function promised({ manifest }: WrittenBundle): Record<string, string> {
  const short = (name: string): string => name.replace("registry.ollama.ai/library/", "");
  return Object.fromEntries(manifest.models.map(({ name, digest }) => [short(name), digest]));
}

async function stagedModel(source: string, staging: string, model: WrittenModel): Promise<Model> {
  const manifestBytes = await readFile(join(source, model.manifest.path));
  const manifest = parseModelManifest(manifestBytes, model.name);
  const blobs: StagedFile[] = [];
  for (const { sha256 } of blobsOf(manifest)) {
    blobs.push(
      await stagedFile(staging, await readFile(join(source, "blobs", `sha256-${sha256}`))),
    );
  }
  const capabilities = model.name.startsWith("tiny-embed") ? ["embedding"] : ["completion"];
  const facts = { size: statedModelSize(manifest), capabilities, licenses: [] };
  return { name: parseModelName(model.name), manifestBytes, manifest, blobs, facts };
}

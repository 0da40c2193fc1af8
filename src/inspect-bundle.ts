import { BundleReader } from "./bundle/bundle-reader.ts";
import { findBundle } from "./bundle/find-bundle.ts";
import type { BundledImage, BundledModel, ModelsJson } from "./bundle/models-json.ts";
import { licenseBlobs } from "./bundle/license-blobs.ts";
import { type SiteMustHold, siteMustHold } from "./bundle/delta/site-must-hold.ts";
import { ChunkPool } from "./core/chunks/pool.ts";
import type { WorkOptions } from "./core/progress.ts";

export interface InspectOptions extends WorkOptions {
  /** The bundle: a file, a part, a sidecar, a directory, or several of them; without any, the only one in `directory`. */
  readonly bundle?: string | readonly string[] | undefined;
  readonly directory?: string | undefined;
  /** Also the full texts of the models' licences. */
  readonly licenses?: boolean | undefined;
}

export interface Inspection {
  readonly path: string;
  readonly name: string;
  readonly id: string;
  /** Bytes. */
  readonly size: number;
  readonly platform: string;
  readonly tool: ModelsJson["tool"];
  readonly images: readonly BundledImage[];
  readonly models: readonly (BundledModel & { readonly licenseTexts?: readonly string[] })[];
  /** Of a delta: what the site must hold besides. */
  readonly mustHold?: SiteMustHold | undefined;
  readonly files: readonly {
    readonly path: string;
    readonly size: number;
    readonly sha256: string;
  }[];
}

const MAX_LICENSE_SIZE = 1024 * 1024;

/** What is in a bundle, from the end of the file without reading the rest, and so without checking it. Throws {@link BundleError}. */
export async function inspectBundle(options: InspectOptions): Promise<Inspection> {
  const place = await findBundle(options.bundle, options.directory);
  await using pool = options.licenses === true ? new ChunkPool() : undefined;
  await using reader = await BundleReader.open(place, pool);
  const { name, platform, tool, images, models, files } = reader.manifest;
  return {
    path: reader.path,
    name,
    id: reader.id,
    size: reader.fileSize,
    platform,
    tool,
    images,
    models: options.licenses === true ? await withLicenses(reader, models) : models,
    mustHold: siteMustHold(reader.manifest),
    files: files.map(({ path: of, size, sha256 }) => ({ path: of, size, sha256 })),
  };
}

async function withLicenses(
  reader: BundleReader,
  models: readonly BundledModel[],
): Promise<Inspection["models"]> {
  const sizes = new Map(reader.manifest.files.map(({ path, size }) => [path, size]));
  const described: (BundledModel & { licenseTexts: string[] })[] = [];
  for (const model of models) {
    const paths = (await licenseBlobs(reader, model)).filter(
      (path) => (sizes.get(path) ?? Infinity) <= MAX_LICENSE_SIZE,
    );
    const licenseTexts: string[] = [];
    for (const path of paths) licenseTexts.push((await reader.bytes(path)).toString("utf8"));
    described.push({ ...model, licenseTexts });
  }
  return described;
}

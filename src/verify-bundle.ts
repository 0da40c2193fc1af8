import { BundleReader } from "./bundle/bundle-reader.ts";
import { DamagedBundleError } from "./bundle/damaged-bundle-error.ts";
import { isReservedPath } from "./bundle/file-paths.ts";
import { type BundlePlace, findBundle } from "./bundle/find-bundle.ts";
import type { Finding } from "./bundle/finding.ts";
import { type FoundInBundle, judgeParts } from "./bundle/parts/judge-parts.ts";
import type { JudgedPart } from "./bundle/parts/judged-part.ts";
import { type PartSet, isWhole } from "./bundle/parts/part-set.ts";
import { PARTS_JSON_SUFFIX } from "./bundle/parts/parts-json.ts";
import { type SiteMustHold, siteMustHold } from "./bundle/delta/site-must-hold.ts";
import { ChunkPool } from "./core/chunks/pool.ts";
import { BundleError } from "./core/errors.ts";
import type { WorkOptions } from "./core/progress.ts";

export interface VerifyOptions extends WorkOptions {
  /** The bundle: a file, a part, a sidecar, a directory, or several of them; without any, the only one in `directory`. */
  readonly bundle?: string | readonly string[] | undefined;
  readonly directory?: string | undefined;
}

export interface VerifyReport {
  readonly path: string;
  /** Missing where not even MODELS.json can be read. */
  readonly bundle?: {
    readonly name: string;
    readonly id: string;
    readonly models: readonly string[];
    readonly images: readonly string[];
  };
  /** Of a delta: what the site must hold besides. */
  readonly mustHold?: SiteMustHold | undefined;
  /** Bytes of the file. */
  readonly size?: number;
  /** Whether `install` would accept it. */
  readonly isAcceptable: boolean;
  /** Everything that is wrong, in the order of the file. */
  readonly findings: readonly Finding[];
  /** Each part, of a bundle in parts. */
  readonly parts?: readonly JudgedPart[];
  /** Files that this version verifies and does not know. */
  readonly unknownFiles: readonly string[];
}

/**
 * Reads every byte of a bundle and reports everything that is not as it must be; of a bundle in parts it judges each, also
 * where only some of them are there. Throws {@link BundleError} for what is not a bundle or has a newer format, and
 * {@link DefinitionError} where no bundle is to be found.
 */
export async function verifyBundle(options: VerifyOptions): Promise<VerifyReport> {
  const place = await findBundle(options.bundle, options.directory);
  const { path } = place;
  options.onProgress?.({ kind: "step", text: `Checking every byte of ${path}` });
  await using pool = new ChunkPool();
  const looked = await lookAt(place, pool, options);
  const { findings } = looked;
  const report = { path, unknownFiles: [], ...looked.about, findings };
  if (place.kind === "file") return { ...report, isAcceptable: findings.length === 0 };
  const parts = await judgeParts(place, looked, { ...options, pool });
  const areFine = parts.every(({ verdict }) => verdict === "fine");
  if (areFine && looked.isForeign) throw foreignSidecar(place);
  return { ...report, parts, isAcceptable: areFine && findings.length === 0 };
}

interface Looked extends FoundInBundle {
  /** What is known of the bundle where its end could be read. */
  readonly about?: Pick<VerifyReport, "bundle" | "mustHold" | "size" | "unknownFiles">;
  /** Whether it is not the bundle that the sidecar of its parts is of. */
  readonly isForeign: boolean;
}

async function lookAt(
  place: BundlePlace,
  pool: ChunkPool,
  options: VerifyOptions,
): Promise<Looked> {
  const sidecar = place.kind === "parts" ? place.sidecar : undefined;
  try {
    await using reader = await BundleReader.open(place, pool);
    const { name, models, images, files } = reader.manifest;
    if (sidecar !== undefined && sidecar.bundle !== reader.id)
      return { findings: [], isForeign: true };
    const findings = await reader.check(options);
    const about = {
      bundle: {
        name,
        id: reader.id,
        models: models.map((model) => model.name),
        images: images.map(({ reference }) => reference),
      },
      mustHold: siteMustHold(reader.manifest),
      size: reader.fileSize,
      unknownFiles: files.map((file) => file.path).filter(isReservedPath),
    };
    return { about, findings, layout: reader.layout, isForeign: false };
  } catch (error) {
    if (error instanceof DamagedBundleError) return { findings: error.findings, isForeign: false };
    // Parts that lack the last one do not end as a bundle does.
    const isPart = error instanceof BundleError && error.code === "NOT_A_BUNDLE";
    if (isPart && place.kind === "parts" && !isWhole(place))
      return { findings: [], isForeign: false };
    throw error;
  }
}

function foreignSidecar({ path }: PartSet): BundleError {
  return new BundleError(
    "DAMAGED",
    `Cannot use "${path}": its list of parts is of another bundle than the parts`,
    { hint: `Remove "${path}${PARTS_JSON_SUFFIX}", or bring the one that belongs to the parts.` },
  );
}

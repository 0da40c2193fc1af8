import { BundleReader } from "./bundle/bundle-reader.ts";
import { DamagedBundleError } from "./bundle/damaged-bundle-error.ts";
import { isReservedPath } from "./bundle/file-paths.ts";
import type { BundlePlace } from "./bundle/bundle-place.ts";
import { findBundle } from "./bundle/find-bundle.ts";
import type { Finding } from "./bundle/finding.ts";
import { type FoundInBundle, judgeParts } from "./bundle/parts/judge-parts.ts";
import type { JudgedPart } from "./bundle/parts/judged-part.ts";
import { isWhole } from "./bundle/parts/part-set.ts";
import type { SidecarFlaw } from "./bundle/parts/sidecar-flaw.ts";
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
  /** Whether there may be more parts than nothing that is here tells of. */
  readonly mayBeMore?: boolean;
  /** Lists of the parts that are there and were left aside. */
  readonly sidecarFlaws?: readonly SidecarFlaw[];
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
  const judged = await judgeParts(place, looked, { ...options, pool });
  const areFine = judged.parts.every(({ verdict }) => verdict === "fine");
  const isAcceptable = areFine && findings.length === 0;
  return { ...report, ...judged, sidecarFlaws: place.flaws, isAcceptable };
}

interface Looked extends FoundInBundle {
  /** What is known of the bundle where its end could be read. */
  readonly about?: Pick<VerifyReport, "bundle" | "mustHold" | "size" | "unknownFiles">;
}

async function lookAt(
  place: BundlePlace,
  pool: ChunkPool,
  options: VerifyOptions,
): Promise<Looked> {
  try {
    await using reader = await BundleReader.open(place, pool);
    const { name, models, images, files } = reader.manifest;
    // A last part of another bundle tells nothing of the others.
    if (place.kind === "parts" && (place.sidecar?.bundle ?? reader.id) !== reader.id)
      return { findings: [] };
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
    return { about, findings, layout: reader.layout };
  } catch (error) {
    if (error instanceof DamagedBundleError) return { findings: error.findings };
    // Parts that lack the last one do not end as a bundle does.
    const isPart = error instanceof BundleError && error.code === "NOT_A_BUNDLE";
    if (isPart && place.kind === "parts" && !isWhole(place)) return { findings: [] };
    throw error;
  }
}

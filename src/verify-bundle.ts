import { BundleReader } from "./bundle/bundle-reader.ts";
import { DamagedBundleError } from "./bundle/damaged-bundle-error.ts";
import { isReservedPath } from "./bundle/file-paths.ts";
import { findBundle } from "./bundle/find-bundle.ts";
import type { Finding } from "./bundle/finding.ts";
import { ChunkPool } from "./core/chunks/pool.ts";
import type { WorkOptions } from "./core/progress.ts";

export interface VerifyOptions extends WorkOptions {
  /** The bundle; without one, the only `.tar.gz` in `directory`. */
  readonly bundle?: string | undefined;
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
  /** Bytes of the file. */
  readonly size?: number;
  /** Everything that is wrong, in the order of the file; none means that `install` would accept it. */
  readonly findings: readonly Finding[];
  /** Files that this version verifies and does not know. */
  readonly unknownFiles: readonly string[];
}

/**
 * Reads every byte of a bundle and reports everything that is not as it must be. Throws {@link BundleError} for what is not a
 * bundle or has a newer format, and {@link DefinitionError} where no bundle is to be found.
 */
export async function verifyBundle(options: VerifyOptions): Promise<VerifyReport> {
  const path = options.bundle ?? (await findBundle(options.directory ?? process.cwd()));
  await using pool = new ChunkPool();
  try {
    await using reader = await BundleReader.open(path, pool);
    options.onProgress?.({ kind: "step", text: `Checking every byte of ${path}` });
    const findings = await reader.check(options);
    const { name, models, images, files } = reader.manifest;
    return {
      path,
      bundle: {
        name,
        id: reader.id,
        models: models.map((model) => model.name),
        images: images.map(({ reference }) => reference),
      },
      size: reader.fileSize,
      findings,
      unknownFiles: files.map((file) => file.path).filter(isReservedPath),
    };
  } catch (error) {
    if (error instanceof DamagedBundleError)
      return { path, findings: error.findings, unknownFiles: [] };
    throw error;
  }
}

import type { BundleReader } from "../bundle/bundle-reader.ts";
import type { WorkOptions } from "../core/progress.ts";
import { tarOf } from "../core/tar.ts";
import type { Engine } from "../engine/engine.ts";

const DOCKERFILE = "Dockerfile.models";

export interface BuildImage {
  readonly engine: Engine;
  readonly bundle: BundleReader;
  /** The image that was loaded. */
  readonly base: string;
  readonly tag: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Builds the bundle's own Dockerfile.models on the loaded image: environment and health check, no content. */
export async function buildImage(
  { engine, bundle, base, tag, labels }: BuildImage,
  options: WorkOptions,
): Promise<void> {
  options.onProgress?.({ kind: "step", text: `Building the image "${tag}"` });
  const context = tarOf([{ path: DOCKERFILE, content: await bundle.bytes(DOCKERFILE, options) }]);
  // Not aborted: it takes a second, and an engine that is left in the middle keeps images that have no name to undo.
  await engine.build(
    { context, dockerfile: DOCKERFILE, target: "runtime", tag, args: { BASE: base }, labels },
    { onProgress: options.onProgress },
  );
  options.signal?.throwIfAborted();
}

import type { BundledModel } from "../bundle/models-json.ts";
import { manifestPath, parseModelName } from "../core/model-name.ts";

/** Where a bundle has a model's manifest: `models/manifests/<host>/<namespace>/<model>/<tag>`. */
export function manifestPathOf({ name }: Pick<BundledModel, "name">): string {
  return `models/${manifestPath(parseModelName(name))}`;
}

/** The paths in a bundle of everything that these models need: manifests and blobs. */
export function wantedPaths(models: readonly BundledModel[]): Set<string> {
  return new Set(
    models.flatMap((model) => [
      manifestPathOf(model),
      ...model.blobs.map((hex) => `models/blobs/sha256-${hex}`),
    ]),
  );
}

/** Where a store has the manifests of these models. */
export function manifestPathsIn({
  manifests,
}: {
  readonly manifests: readonly { readonly path: string }[];
}): string[] {
  return manifests.map(({ path }) => pathInStore(path));
}

/** A path of the bundle as it is in a store: `blobs/…` or `manifests/…`. */
export function pathInStore(path: string): string {
  return path.slice("models/".length);
}

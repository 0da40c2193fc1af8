import { imageBlobPaths, modelBlobPath } from "./blob-paths.ts";
import type { ModelsJson } from "./models-json.ts";

/** Which models or images a file of the bundle belongs to, by path: what a person can make something of when it is damaged. */
export function ownersOf({
  images,
  models,
}: Pick<ModelsJson, "images" | "models">): ReadonlyMap<string, readonly string[]> {
  const owned = [
    ...images.flatMap((image) =>
      [...new Set(imageBlobPaths(image))].map((path) => [path, image.reference] as const),
    ),
    ...models.flatMap(({ name, blobs }) =>
      blobs.map((blob) => [modelBlobPath(blob), name] as const),
    ),
  ];
  const owners = new Map<string, string[]>();
  for (const [path, owner] of owned) owners.set(path, [...(owners.get(path) ?? []), owner]);
  return owners;
}

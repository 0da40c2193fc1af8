import type { ModelsJson } from "./models-json.ts";

/** Which models or images a file of the bundle belongs to, by path: what a person can make something of when it is damaged. */
export function ownersOf({
  images,
  models,
}: Pick<ModelsJson, "images" | "models">): ReadonlyMap<string, readonly string[]> {
  const owned = [
    ...images.flatMap(({ reference, configDigest, manifestDigest, diffIds }) =>
      [...new Set([configDigest, manifestDigest, ...diffIds])].map(
        (digest) => [`image/blobs/${digest.replace(":", "/")}`, reference] as const,
      ),
    ),
    ...models.flatMap(({ name, blobs }) =>
      blobs.map((blob) => [`models/blobs/sha256-${blob}`, name] as const),
    ),
  ];
  const owners = new Map<string, string[]>();
  for (const [path, owner] of owned) owners.set(path, [...(owners.get(path) ?? []), owner]);
  return owners;
}

import type { PartSet } from "./parts/part-set.ts";

/** Where a bundle is. `path` is absolute, and what the bundle is called in messages. */
export type BundlePlace =
  | { readonly kind: "file"; readonly path: string }
  | ({ readonly kind: "parts" } & PartSet);

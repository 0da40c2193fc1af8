import type { ModelFacts } from "../source/describe-model.ts";
import type { StagedImage, StagedModel } from "../source/source.ts";
import type { Held } from "./delta/held.ts";
import type { BundledImage } from "./models-json.ts";

/** Everything that goes into a bundle, staged. */
export interface BundleContents {
  readonly name: string;
  readonly platform: string;
  readonly images: readonly (StagedImage & Pick<BundledImage, "role" | "ollamaVersion">)[];
  readonly models: readonly (StagedModel & { readonly facts: ModelFacts })[];
  /** What the site has already: it is left out, and the bundle is a delta. */
  readonly held?: Held | undefined;
}

import {
  DEFAULT_VOLUME,
  type ModelsIn,
  readStoreWish,
  refuseOptionsOfOtherModes,
} from "./install-options.ts";
import type { Receipt } from "./receipt.ts";

/** Where the user says that the site keeps its models; each option as `install` has it. */
export interface SiteWishes {
  /** Default: where the latest installation put them. */
  readonly modelsIn?: ModelsIn | undefined;
  readonly store?: string | undefined;
  readonly volume?: string | undefined;
}

export type SitePlace =
  | { readonly kind: "image" }
  | { readonly kind: "volume"; readonly volume: string }
  | { readonly kind: "native"; readonly store: string };

/** Throws {@link DefinitionError} for options that make no sense. */
export function readSitePlace(wishes: SiteWishes, latest: Receipt | undefined): SitePlace {
  const { modelsIn = latest?.modelsIn ?? "image", store, volume } = wishes;
  refuseOptionsOfOtherModes({ modelsIn, store, volume });
  const before = latest?.modelsIn === modelsIn ? latest : undefined;
  const directory = readStoreWish({ modelsIn, store: store ?? before?.store });
  if (directory !== undefined) return { kind: "native", store: directory };
  if (modelsIn !== "volume") return { kind: "image" };
  return { kind: "volume", volume: volume ?? before?.volume?.name ?? DEFAULT_VOLUME };
}

import { type NativeSurroundings, findNativeStore } from "../store/find-native-store.ts";
import { DEFAULT_VOLUME, type InstallWishes, readPlace } from "../install-options.ts";
import type { ModelsInWish } from "../models-place.ts";
import type { Receipt } from "../receipt.ts";

/** Where the user says that the site keeps its models, as `install` has it. Default: where the latest installation put them. */
export type SiteWishes = Pick<InstallWishes, "modelsIn" | "store" | "volume">;

export type SitePlace =
  | { readonly kind: "image" }
  | { readonly kind: "volume"; readonly volume: string }
  | { readonly kind: "dir" | "native"; readonly path: string };

/** Throws {@link DefinitionError} for options that make no sense, and where it is not clear where Ollama has its models. */
export async function readSitePlace(
  { modelsIn, store, volume }: SiteWishes,
  latest: Receipt | undefined,
  surroundings: NativeSurroundings,
): Promise<SitePlace> {
  const before = modelsIn === undefined ? latest : undefined;
  const place = readPlace({ modelsIn: modelsIn ?? wishOf(latest), store, volume });
  if (place.kind === "dir") return place;
  if (place.kind === "volume")
    return { kind: "volume", volume: volume ?? before?.volume?.name ?? DEFAULT_VOLUME };
  if (place.kind === "image") return { kind: "image" };
  const path = store ?? before?.store ?? (await findNativeStore(surroundings)).directory;
  return { kind: "native", path };
}

function wishOf(receipt: Receipt | undefined): ModelsInWish {
  if (receipt?.modelsIn === "dir") return `dir:${receipt.directory}`;
  return receipt?.modelsIn ?? "image";
}

import { stat } from "node:fs/promises";
import { DefinitionError } from "../../core/errors.ts";
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

/**
 * Throws {@link DefinitionError} for options that make no sense, for a directory that is not there (a disk that is not mounted
 * would count as a site without models), and where it is not clear where Ollama has its models.
 */
export async function readSitePlace(
  { modelsIn, store, volume }: SiteWishes,
  latest: Receipt | undefined,
  surroundings: NativeSurroundings,
): Promise<SitePlace> {
  const before = modelsIn === undefined ? latest : undefined;
  const place = readPlace({ modelsIn: modelsIn ?? wishOf(latest), store, volume });
  if (place.kind === "dir") {
    await assertDirectory(place.path);
    return place;
  }
  if (place.kind === "volume")
    return { kind: "volume", volume: volume ?? before?.volume?.name ?? DEFAULT_VOLUME };
  if (place.kind === "image") return { kind: "image" };
  const told = store ?? before?.store;
  if (told !== undefined) await assertDirectory(told);
  return { kind: "native", path: told ?? (await findNativeStore(surroundings)).directory };
}

async function assertDirectory(path: string): Promise<void> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isDirectory() === true) return;
  throw new DefinitionError(
    "USAGE",
    `Cannot take the inventory of "${path}": there is no such directory`,
    { hint: "Check the path, and that its disk is mounted." },
  );
}

function wishOf(receipt: Receipt | undefined): ModelsInWish {
  if (receipt?.modelsIn === "dir") return `dir:${receipt.directory}`;
  return receipt?.modelsIn ?? "image";
}

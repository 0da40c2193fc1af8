import type { ModelsIn } from "./models-place.ts";

/** What an installation will do, found out before anything changed. */
export interface InstallPlan {
  readonly bundle: { readonly name: string; readonly id: string };
  readonly modelsIn: ModelsIn;
  /** Of the bundle's image: `linux/amd64`. */
  readonly platform: string;
  readonly engine?: {
    readonly address: string;
    readonly product: string;
    readonly version: string;
  };
  /** Names that will be given, as the user writes them. */
  readonly names: {
    readonly loaded?: string;
    readonly tag?: string;
    readonly container?: string;
    readonly publish?: string;
    readonly volume?: string;
    /** Of this host, absolute. */
    readonly directory?: string;
    readonly network?: string;
    readonly store?: string;
  };
  /** Bytes of the layers of the image that is loaded, and of those among them that the engine has and is not sent. */
  readonly layers?: { readonly size: number; readonly there: number };
  /** The name of a container of an earlier installation, in whose place the new one comes. */
  readonly replaces?: string;
  readonly models: readonly {
    readonly name: string;
    readonly digest: string;
    readonly size: number;
    /** `keep`: the very same is there. */
    readonly change: "add" | "replace" | "keep";
  }[];
  /** Models that are there and that the bundle does not name; missing where that cannot be known yet. */
  readonly others?: readonly {
    readonly name: string;
    readonly digest: string;
    readonly change: "keep" | "remove";
  }[];
  readonly space: readonly SpaceNeed[];
  readonly warnings: readonly string[];
}

/** Bytes that a place will need at its fullest, and has. */
export interface SpaceNeed {
  /** What fills up: `engine's images`, `models store`. */
  readonly what: string;
  /** On the engine's host, or on this one. */
  readonly path: string;
  readonly needed: number;
  /** Missing where it cannot be known, and then `whyUnknown` says why. */
  readonly free?: number | undefined;
  readonly whyUnknown?: string | undefined;
}

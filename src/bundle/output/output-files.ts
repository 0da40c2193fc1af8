import type { LeasedBytes } from "../../core/chunks/pool.ts";
import type { ListedPart } from "../parts/parts-json.ts";

/** What was written. */
export interface WrittenFiles {
  /** sha256 of the whole bundle, hex. */
  readonly sha256: string;
  /** Bytes of the whole bundle. */
  readonly size: number;
  /** Path of `NAME.sha256`, for `sha256sum -c`: it lists the bundle, or its parts. */
  readonly sidecar: string;
  /** Of a bundle in parts: each of them, and the path of `NAME.parts.json`. */
  readonly inParts?: { readonly parts: readonly ListedPart[]; readonly sidecar: string };
}

/** The files that a bundle is written to, one or many. Without `finish`, nothing is left of them. */
export interface OutputFiles extends AsyncDisposable {
  /** The bytes may be used for something else when this resolves. */
  append(bytes: Buffer): Promise<void>;
  /** The same for leased bytes, which it takes over. */
  take(leased: LeasedBytes): Promise<void>;
  /** Gives them their final names, in place of what had them before, and writes the sidecars. `id` is the bundle's. */
  finish(id: string): Promise<Omit<WrittenFiles, "size">>;
}

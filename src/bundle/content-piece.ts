import type { Lease } from "../core/chunks/pool.ts";

/** A piece of a file's content, in order; its bytes are valid until it is disposed. */
export interface ContentPiece extends Disposable {
  readonly runs: readonly Buffer<SharedArrayBuffer>[];
}

/** A run of the bundle's own bytes, as they lie in it; valid until it is disposed. */
export interface BundleRun extends Disposable {
  readonly bytes: Buffer;
}

/** What lies in these runs of a leased buffer; disposing it gives the buffer back. */
export function pieceOf(
  lease: Lease,
  runs: readonly { readonly offset: number; readonly length: number }[],
): ContentPiece {
  return {
    runs: runs.map(({ offset, length }) => lease.bytes.subarray(offset, offset + length)),
    [Symbol.dispose]: () => lease[Symbol.dispose](),
  };
}

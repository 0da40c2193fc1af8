import { isMarkedAsUntransferable } from "node:worker_threads";

/**
 * Frees the memory behind bytes that nobody needs any more; they, and whatever else lies in that memory, are gone. Left to the
 * collector, which waits for tens of megabytes of such memory in each thread, it adds up to more than all else. The memory
 * from which Node gives out small buffers is left alone: it is marked as untransferable.
 */
export function giveBack({ buffer }: Uint8Array): void {
  if (!(buffer instanceof ArrayBuffer) || buffer.detached) return;
  if (!isMarkedAsUntransferable(buffer)) buffer.transfer(0);
}

/** The same for a piece of a stream, once it is the last of its memory: who reads in order needs nothing before it. */
export function giveBackPiece(piece: Uint8Array): void {
  if (piece.byteOffset + piece.byteLength === piece.buffer.byteLength) giveBack(piece);
}

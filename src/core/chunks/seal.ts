import { createCipheriv, randomBytes } from "node:crypto";

const CIPHER = "aes-128-gcm";
const KEY_SIZE = 16;
const NONCE_SIZE = 12;

/** Which seal is meant: of chunk number `index` (from 0) of the content whose seals have this key (32 hex digits). */
export interface SealPlace {
  readonly key: string;
  readonly index: number;
}

/** The sha256 (64 hex digits) of a chunk, and the seal that it was given (32). */
export interface SealedDigest extends SealPlace {
  readonly sha256: string;
  readonly seal: string;
}

/** A key for the seals of one content, in hex. */
export function newSealKey(): string {
  return randomBytes(KEY_SIZE).toString("hex");
}

/**
 * Says of bytes that they are those with this sha256, and is computed again ten times as fast: a GMAC (NIST SP 800-38D, AES-GCM of
 * nothing but additional data) over the bytes and the digest, 32 hex digits. Other bytes, another digest or another place in the
 * content have the same seal once in 2^100 times, as long as nobody makes them for a key that he has read.
 */
export function sealOf(
  runs: readonly Uint8Array[],
  sha256: string,
  { key, index }: SealPlace,
): string {
  const nonce = Buffer.alloc(NONCE_SIZE);
  nonce.writeUInt32BE(index, NONCE_SIZE - 4);
  const cipher = createCipheriv(CIPHER, Buffer.from(key, "hex"), nonce);
  for (const run of runs) cipher.setAAD(run);
  cipher.setAAD(Buffer.from(sha256, "hex"));
  cipher.final();
  return cipher.getAuthTag().toString("hex");
}

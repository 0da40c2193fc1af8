import { createCipheriv, randomBytes } from "node:crypto";
import { crc32Of } from "./gzip-member.ts";

const CIPHER = "aes-128-gcm";
const KEY_SIZE = 16;
const NONCE_SIZE = 12;

/** Which seal is meant: of chunk number `index` (from 0) of the content whose seals have this key (32 hex digits). */
export interface SealPlace {
  readonly key: string;
  readonly index: number;
}

/** The CRC-32 of a chunk, and what proves that and its sha256 (32 hex digits). */
export interface Seal {
  readonly crc32: number;
  readonly tag: string;
}

/** The sha256 (64 hex digits) of a chunk, and the seal that it was given. */
export interface SealedDigest extends SealPlace {
  readonly sha256: string;
  readonly seal: Seal;
}

/** A key for the seals of one content, in hex. */
export function newSealKey(): string {
  return randomBytes(KEY_SIZE).toString("hex");
}

/**
 * Says of bytes that they are those with this sha256 and CRC-32, and is checked five times as fast as these are computed: a GMAC
 * (NIST SP 800-38D, AES-GCM of nothing but additional data) over the bytes, the sha256 and the CRC-32 (big-endian). Other bytes,
 * digests or another place in the content fit the same seal once in 2^100 times, as long as nobody makes them for a key that he
 * has read.
 */
export function sealOf(runs: readonly Uint8Array[], sha256: string, place: SealPlace): Seal {
  const crc32 = crc32Of(runs);
  return { crc32, tag: tagOf(runs, { sha256, crc32 }, place) };
}

export function fitsSeal(
  runs: readonly Uint8Array[],
  { sha256, seal, ...place }: SealedDigest,
): boolean {
  return tagOf(runs, { sha256, crc32: seal.crc32 }, place) === seal.tag;
}

function tagOf(
  runs: readonly Uint8Array[],
  { sha256, crc32 }: { readonly sha256: string; readonly crc32: number },
  { key, index }: SealPlace,
): string {
  const nonce = Buffer.alloc(NONCE_SIZE);
  nonce.writeUInt32BE(index, NONCE_SIZE - 4);
  const end = Buffer.alloc(4);
  end.writeUInt32BE(crc32);
  const cipher = createCipheriv(CIPHER, Buffer.from(key, "hex"), nonce);
  for (const run of runs) cipher.setAAD(run);
  cipher.setAAD(Buffer.from(sha256, "hex"));
  cipher.setAAD(end);
  cipher.final();
  return cipher.getAuthTag().toString("hex");
}

import { createCipheriv } from "node:crypto";

/** Gives that many random bytes, in a buffer of their own. */
export type RandomBytes = (length: number) => Buffer;

interface Weights {
  readonly type: "f16" | "q8_0";
  /** Bytes in all. */
  readonly length: number;
  readonly exponent: number;
}

/** Whole Q8_0 blocks, and whole 32-bit words. */
const PIECE_BYTES = 34 * 32 * 1024;
const Q8_0_BLOCK_BYTES = 34;
const F16_EXPONENT_BIAS = 15;

/**
 * Small, finite weights that leave as many bits random as the format allows
 * (in Q8_0 33 bytes of 34), so that the result is as incompressible as a really
 * quantised model.
 */
export function* randomWeights(weights: Weights, random: RandomBytes): Generator<Buffer> {
  for (let remaining = weights.length; remaining > 0; remaining -= PIECE_BYTES) {
    const piece = random(Math.min(PIECE_BYTES, remaining));
    shape(piece, weights);
    yield piece;
  }
}

/** Marsaglia's xorshift: the same bytes on every machine, fit for models of a few megabytes. */
export function xorshiftBytes(seed: number): RandomBytes {
  let state = seed === 0 ? 1 : seed;
  return (length) => {
    const words = new Uint32Array(Math.ceil(length / 4));
    for (let i = 0; i < words.length; i += 1) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      words[i] = state >>> 0;
    }
    return Buffer.from(words.buffer, 0, length);
  };
}

/** The key stream of AES-CTR: gigabytes per second where the processor has AES. */
export function cipherBytes(seed: number): RandomBytes {
  const key = Buffer.alloc(16);
  key.writeUInt32LE(seed >>> 0);
  const cipher = createCipheriv("aes-128-ctr", key, Buffer.alloc(16));
  const zeros = Buffer.alloc(PIECE_BYTES);
  return (length) => cipher.update(zeros.subarray(0, length));
}

function shape(bytes: Buffer, weights: Weights): void {
  const exponent = F16_EXPONENT_BIAS + weights.exponent;
  if (weights.type === "q8_0") {
    // A block is a half-precision scale and 32 signed bytes of about 2^6.
    const scaleHighByte = (exponent - 6) << 2;
    for (let i = 1; i < bytes.length; i += Q8_0_BLOCK_BYTES) bytes[i] = scaleHighByte;
    return;
  }
  for (let i = 1; i < bytes.length; i += 2) bytes[i] = ((bytes[i] ?? 0) & 0x83) | (exponent << 2);
}

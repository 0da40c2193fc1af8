/** Fits the nearest cache of a core. */
const between = Buffer.alloc(64 * 1024);

/**
 * Copies bytes into `target` from `at` on. Where memory that threads share is read or written, V8's `set` goes word by word, and
 * byte by byte as soon as the two do not begin at the same multiple of eight (0.25 s for a GB instead of 0.06, measured on Node
 * 26). Buffer's own `copy` does so only where both are shared: those bytes go through memory that is not.
 */
export function copyBytes(target: Uint8Array, bytes: Uint8Array, at = 0): void {
  const [to, from] = [asBuffer(target), asBuffer(bytes)];
  if (!isShared(to) || !isShared(from) || isAlike(to.byteOffset + at, from.byteOffset)) {
    from.copy(to, at);
    return;
  }
  for (let done = 0; done < from.length; done += between.length) {
    const length = from.copy(between, 0, done);
    between.copy(to, at + done, 0, length);
  }
}

function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}

function isShared({ buffer }: Uint8Array): boolean {
  return buffer instanceof SharedArrayBuffer;
}

function isAlike(a: number, b: number): boolean {
  return a % 8 === b % 8;
}

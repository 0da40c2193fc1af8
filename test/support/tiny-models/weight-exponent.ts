/**
 * About 1/sqrt(width) as a power of two: sums of that many products neither
 * explode nor vanish.
 */
export function weightExponent(width: number): number {
  return -((31 - Math.clz32(width)) >> 1);
}

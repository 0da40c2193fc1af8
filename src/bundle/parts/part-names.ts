/** Parts are numbered with three digits. */
export const MAX_PARTS = 999;

export const PARTS_JSON_SUFFIX = ".parts.json";

/** What follows the bundle's name in that of a part. */
export const PART_SUFFIX = /\.\d{3}$/;

/** `NAME.tar.gz.001` for number 1. */
export function partName(name: string, number: number): string {
  return `${name}.${String(number).padStart(3, "0")}`;
}

/** A digest or bundle id as people say it: its first 12 digits. */
export function shortId(hex: string): string {
  return hex.slice(0, 12);
}

/** A name or address as it may be shown: what stands like a password before an "@" is left out, a digest after one is not. */
export function withoutCredentials(text: string): string {
  return text.replaceAll(/:[^/\s:@]+@(?!sha256:)/g, ":***@");
}

/** What a text says as JSON; undefined where it is none. The parser's own error would quote the text, which may hold a secret. */
export function jsonOrUndefined(text: string | Buffer | undefined): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}

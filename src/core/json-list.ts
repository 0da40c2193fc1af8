/**
 * A JSON text that is one long list and little else. Its length and then its bytes are worked out item by item: as one string, a
 * list of a hundred thousand files would be there several times over before it is bytes.
 */
export interface JsonList {
  readonly before: string;
  /** Gives the same items as often as it is called. */
  readonly items: () => Iterable<object>;
  readonly separator: string;
  readonly after: string;
}

/** In UTF-8, bytes. */
export function jsonListLength({ before, items, separator, after }: JsonList): number {
  let length = Buffer.byteLength(before) + Buffer.byteLength(after);
  let lead = "";
  for (const item of items()) {
    length += Buffer.byteLength(lead) + Buffer.byteLength(JSON.stringify(item));
    lead = separator;
  }
  return length;
}

/** Fills a place of exactly its length. */
export function writeJsonList({ before, items, separator, after }: JsonList, place: Buffer): void {
  let at = place.write(before);
  let lead = "";
  for (const item of items()) {
    at += place.write(`${lead}${JSON.stringify(item)}`, at);
    lead = separator;
  }
  place.write(after, at);
}

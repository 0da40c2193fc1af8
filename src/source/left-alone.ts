import { type StoreEntry, modelAt } from "./model-store.ts";

/** So many files of one kind are named. */
const NAMED = 3;

const BLOB = /^blobs\/sha256-[0-9a-f]{64}$/;

/** What lies in a store and is no part of a model, in the order in which it is told. */
const KINDS = [
  { what: "link", isOne: ({ isLink }: StoreEntry) => isLink },
  {
    what: "file of macOS",
    isOne: ({ path }: StoreEntry) => /(?:^|\/)(?:\.DS_Store|\._[^/]*)$/.test(path),
  },
  {
    what: "partial download",
    isOne: ({ path }: StoreEntry) => /^blobs\/sha256-[^/]*-partial(?:-\d+)?$/.test(path),
  },
  { what: "other file", isOne: () => true },
] as const;

/**
 * What people are told of files in a store that are no blobs and no manifests, or are links; undefined where there are none. A
 * link is followed where a model that is packed needs it, and what it leads to is hashed like all else.
 */
export function describeLeftAlone(
  label: string,
  entries: readonly StoreEntry[],
): string | undefined {
  const strays = entries.filter(
    ({ path, isLink }) => isLink || !(BLOB.test(path) || modelAt(path) !== undefined),
  );
  if (strays.length === 0) return undefined;
  const byKind = Map.groupBy(strays, (stray) => KINDS.find(({ isOne }) => isOne(stray))?.what);
  const kinds = KINDS.flatMap(({ what }) => {
    const paths = byKind.get(what);
    return paths === undefined ? [] : [describeKind(what, paths)];
  });
  return `Left alone in ${label}: ${kinds.join(", ")}`;
}

function describeKind(what: string, entries: readonly StoreEntry[]): string {
  const named = entries
    .map(({ path }) => `"${path}"`)
    .toSorted()
    .slice(0, NAMED);
  const more = entries.length > named.length ? [`${entries.length - named.length} more`] : [];
  return `${entries.length} ${plural(what, entries.length)} (${[...named, ...more].join(", ")})`;
}

function plural(what: string, count: number): string {
  return count === 1 ? what : what.replace(/^(file|.*)(?= of|$)/, "$1s");
}

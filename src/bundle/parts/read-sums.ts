import { readSmallFile } from "../../core/read-small-file.ts";

const MAX_SUMS_SIZE = 1024 * 1024;

/** What a file for `sha256sum -c` says: a sum for each name. Lines that are none are passed over. */
export async function readSums(path: string): Promise<ReadonlyMap<string, string>> {
  const text = (await readSmallFile(path, MAX_SUMS_SIZE)).toString("utf8");
  const lines = text.split(/\r?\n/).map((line) => /^([0-9a-f]{64}) [ *](.+)$/.exec(line));
  return new Map(lines.flatMap((line) => (line === null ? [] : [[line[2] ?? "", line[1] ?? ""]])));
}

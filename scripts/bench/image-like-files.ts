import { readdirSync, statSync } from "node:fs";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { noise } from "../../test/support/small-bundle.ts";

const PLACES = ["/usr/bin", "/usr/lib"];
/** What deflate finds nothing in, as the archives and packed code of a system image: with it, all of the image deflates to about half. */
const PACKED_SHARE = 0.2;

/** Fills a new directory with about so many bytes of this machine's programs and libraries, the same ones every time. */
export async function writeImageLikeFiles(directory: string, size: number): Promise<void> {
  await mkdir(directory, { recursive: true });
  let written = Math.round(size * PACKED_SHARE);
  await writeFile(join(directory, "packed"), noise(written));
  for (const path of PLACES.flatMap((place) => [...filesBelow(place)])) {
    const { size: more } = statSync(path);
    if (written + more > size) continue;
    // Files of the same name lie in many directories.
    await copyFile(path, join(directory, `${written}-${basename(path)}`));
    written += more;
  }
}

function* filesBelow(directory: string): Generator<string> {
  const entries = readdirSync(directory, { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    if (entry.isFile()) yield path;
    if (entry.isDirectory()) yield* filesBelow(path);
  }
}

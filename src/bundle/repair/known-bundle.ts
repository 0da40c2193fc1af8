import { BundleError, DefinitionError } from "../../core/errors.ts";
import { shortId } from "../../core/short-id.ts";
import { giveBack } from "../../core/give-back.ts";
import type { BundleFile } from "../bundle-file.ts";
import { DamagedBundleError } from "../damaged-bundle-error.ts";
import type { BundlePlace } from "../bundle-place.ts";
import { type Layout, SHA256SUMS } from "../layout.ts";
import { type Located, locate, locateByToc } from "../locate.ts";
import { type KnownBundle, readModelsJson } from "../open-bundle-file.ts";

/** A bundle as it lies somewhere, whole or damaged, and its bytes. */
export interface BundleCopy {
  readonly place: BundlePlace;
  readonly file: BundleFile;
}

/** How much of the end of the table of contents is compared: the digests of MODELS.json and SHA256SUMS are in there. */
const TOC_TAIL = 8192;

type Vouches = (copy: BundleCopy, layout: Layout) => Promise<boolean>;

/** By what a MODELS.json is believed to be what was packed. The table of contents comes first: it also names a signature. */
const WITNESSES: readonly Vouches[] = [tocVouches, sumsVouch, sidecarVouches];

/**
 * What the copies are copies of: by a MODELS.json that can be read in one of them, and for which another file of that copy or of
 * another one vouches. One that nothing vouches for may be damaged too, and would make another bundle. Throws
 * {@link BundleError} DAMAGED where there is none.
 */
export async function knownBundle(copies: readonly BundleCopy[]): Promise<KnownBundle> {
  for (const vouches of WITNESSES) {
    for (const { file } of copies) {
      const known = readOwn(await locate(file), file);
      if (known === undefined) continue;
      for (const copy of copies) if (await vouches(copy, known.layout)) return known;
    }
  }
  throw new BundleError(
    "DAMAGED",
    `Cannot repair "${copies[0]?.file.path}": no copy has MODELS.json and what vouches for it, at the end of the bundle, whole`,
    { hint: endHint(copies) },
  );
}

/**
 * Whether a copy says of itself that it is this bundle; false where what would say so is damaged. Throws {@link DefinitionError}
 * where it says that it is another one.
 */
export async function isKnownAs(
  { manifest, layout }: KnownBundle,
  copy: BundleCopy,
): Promise<boolean> {
  const { file, place } = copy;
  const called = `${manifest.name} (${shortId(layout.id)})`;
  const sidecar = place.kind === "parts" ? place.sidecar : undefined;
  if (sidecar !== undefined && sidecar.bundle !== layout.id)
    throw otherBundle(file.path, `its list of parts is of (${shortId(sidecar.bundle)})`, called);
  if ((await tocVouches(copy, layout)) || (await sumsVouch(copy, layout))) return true;
  const own = readOwn(await locateByToc(file), file);
  if (own === undefined || own.layout.id === layout.id) return false;
  const isOther = (await tocVouches(copy, own.layout)) || (await sumsVouch(copy, own.layout));
  if (!isOther) return false;
  throw otherBundle(file.path, `it is ${own.manifest.name} (${shortId(own.layout.id)})`, called);
}

/** Undefined where it is damaged. Throws for a newer format. */
function readOwn(located: Located | undefined, { path }: BundleFile): KnownBundle | undefined {
  try {
    return located && readModelsJson(located, path);
  } catch (error) {
    if (error instanceof DamagedBundleError) return undefined;
    throw error;
  }
}

async function tocVouches({ file }: BundleCopy, { segments }: Layout): Promise<boolean> {
  const toc = segments.at(-2);
  if (toc?.kind !== "literal") return false;
  const bytes = toc.bytes();
  const tail = bytes.subarray(-TOC_TAIL);
  const found = await file.read(toc.offset + toc.length - tail.length, tail.length);
  const isSame = found.equals(tail);
  giveBack(bytes);
  return isSame;
}

async function sumsVouch({ file }: BundleCopy, { segments, trailing }: Layout): Promise<boolean> {
  const sums = trailing.find(({ path }) => path === SHA256SUMS);
  for (const segment of segments) {
    if (segment.kind !== "chunk" || segment.file !== sums) continue;
    const found = await file.read(segment.offset, segment.length);
    if (!found.equals(sums.member(segment.index))) return false;
  }
  return true;
}

async function sidecarVouches({ place }: BundleCopy, { id }: Layout): Promise<boolean> {
  return place.kind === "parts" && place.sidecar?.bundle === id;
}

function endHint([first]: readonly BundleCopy[]): string {
  const last = first?.place.kind === "parts" ? first.place.parts.at(-1) : undefined;
  return last === undefined
    ? "Name another copy of the bundle with --from: of a long one its end is enough."
    : `Bring ${last.name} again, or name another copy that has the end of the bundle with --from.`;
}

function otherBundle(path: string, is: string, expected: string): DefinitionError {
  return new DefinitionError(
    "USAGE",
    `Cannot repair with "${path}": ${is}, expected bundle ${expected}`,
    { hint: "Name copies of one bundle: `bundle inspect` tells which one a file is." },
  );
}

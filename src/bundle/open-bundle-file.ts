import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { formatCount } from "../core/format-count.ts";
import { ABSENT } from "../core/chunks/chunk.ts";
import { MEMBER_HEADER } from "../core/chunks/gzip-member.ts";
import { sha256Hex } from "../core/digest.ts";
import { TAR_BLOCK } from "../core/tar-header.ts";
import { BundleError, DefinitionError, HostError, hasCode, messageOf } from "../core/errors.ts";
import { BundleFile } from "./bundle-file.ts";
import { DamagedBundleError, damagedBundle } from "./damaged-bundle-error.ts";
import { decodeModelsJson } from "./decode-models-json.ts";
import type { BundlePlace } from "./bundle-place.ts";
import type { Finding } from "./finding.ts";
import { FOOTER_SIZE } from "./footer.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { type Located, locate } from "./locate.ts";
import type { ModelsJson } from "./models-json.ts";
import type { PartSet } from "./parts/part-set.ts";

/** What a bundle is, as its MODELS.json says it. */
export interface KnownBundle {
  readonly manifest: ModelsJson;
  readonly layout: Layout;
}

export interface OpenedBundle extends KnownBundle {
  readonly file: BundleFile;
}

/** Opens a bundle and reads its end; see {@link BundleReader.open} for the errors. */
export async function openBundleFile(place: BundlePlace): Promise<OpenedBundle> {
  await using stack = new AsyncDisposableStack();
  const file = stack.use(await bundleFileAt(place));
  const opened = await readEnd(file);
  stack.move();
  return opened;
}

/** The bytes of a bundle, whatever they are. Throws for a place that has none. */
export async function bundleFileAt(place: BundlePlace): Promise<BundleFile> {
  return place.kind === "file" ? wholeFile(place.path) : inParts(place);
}

async function wholeFile(path: string): Promise<BundleFile> {
  const stats = await statFile(path);
  if (!stats.isFile()) throw notABundle(path, "it is not a regular file");
  if (stats.size === 0) throw notABundle(path, "it is empty");
  return new BundleFile(path, [{ path, offset: 0, length: stats.size }]);
}

function inParts({ path, parts }: PartSet): BundleFile {
  const files = parts.map(({ bytes, file }) => ({
    path: file?.path ?? ABSENT,
    offset: 0,
    length: bytes,
  }));
  return new BundleFile(path, files);
}

async function statFile(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) throw noSuchFile(path, error);
    throw new HostError("IO", `Cannot open the bundle "${path}": ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** The error for a path that nothing is at. */
export function noSuchFile(path: string, cause?: unknown): DefinitionError {
  return new DefinitionError("USAGE", `Cannot open the bundle "${path}": there is no such file`, {
    cause,
    hint: "Check the path, and that the medium that carries it is mounted.",
  });
}

async function readEnd(file: BundleFile): Promise<OpenedBundle> {
  const { path, size } = file;
  if (await isPlainTar(file)) throw decompressed(path);
  const located = await locate(file);
  if (located === undefined) throw await withoutEnd(file);
  const { manifest, layout } = readModelsJson(located, path);
  const lead = size - layout.size;
  if (lead > 0 && (await beginsAt(file, lead, layout))) throw withLead(path, lead);
  return { file, manifest, layout };
}

/** Throws {@link DamagedBundleError} where it is not what was packed. `path` is what the bundle is called. */
export function readModelsJson(
  { modelsJson, sums, signature }: Located,
  path: string,
): KnownBundle {
  const finding: Finding = {
    start: modelsJson.offset,
    end: modelsJson.offset + modelsJson.length,
    what: "MODELS.json",
    how: "differs",
  };
  if (contradictedTwice(modelsJson, sums?.bytes)) throw damagedBundle(path, [finding]);
  try {
    const manifest = decodeModelsJson(modelsJson.bytes);
    return { manifest, layout: layoutOf(manifest, modelsJson.bytes, signature?.bytes) };
  } catch (error) {
    if (!(error instanceof BundleError) || error.code !== "DAMAGED") throw error;
    throw damagedBundle(path, [{ ...finding, why: error.message }]);
  }
}

/**
 * When SHA256SUMS and the table of contents agree on another digest, it is MODELS.json that changed; when only one of them
 * says so, it is that one, and comparing with the layout will show it.
 */
function contradictedTwice(modelsJson: Located["modelsJson"], sums: Buffer | undefined): boolean {
  const { bytes, statedDigest } = modelsJson;
  if (
    sums === undefined ||
    statedDigest === undefined ||
    statedDigest === `sha256:${sha256Hex(bytes)}`
  )
    return false;
  return sums.includes(`${statedDigest.slice("sha256:".length)}  MODELS.json\n`);
}

/** Whether it is the tar in a bundle, which begins with the header of README.txt, without its gzip members. */
async function isPlainTar(file: BundleFile): Promise<boolean> {
  const header = (await file.read(0, TAR_BLOCK)).toString("latin1");
  return header.startsWith("ustar", 257) && /^[\w.-]+\/README\.txt\0/.test(header);
}

function decompressed(path: string): BundleError {
  return new BundleError(
    "NOT_A_BUNDLE",
    `"${path}" is not a bundle: it is the plain tar of one, decompressed on the way here`,
    {
      hint: "Carry the .tar.gz as it was written; browsers, mail gateways and file managers may decompress it, whatever they call it then.",
    },
  );
}

async function beginsAt(file: BundleFile, offset: number, { segments }: Layout): Promise<boolean> {
  const [first] = segments;
  if (first?.kind !== "literal") return false;
  return (await file.read(offset, first.length)).equals(first.bytes());
}

/** Every byte is in its place but for what was put before them all, which is all that there is to say. */
function withLead(path: string, size: number): DamagedBundleError {
  const what = size === 1 ? "1 byte stands" : `${formatCount(size)} bytes stand`;
  return new DamagedBundleError(
    `Cannot use "${path}": ${what} before the beginning of the bundle`,
    [
      {
        start: 0,
        end: size,
        what: "what stands before the beginning of the bundle",
        how: "surplus",
      },
    ],
  );
}

/** A file whose end is not a bundle's: a bundle that lost it when it begins like one, else something else. */
async function withoutEnd(file: BundleFile): Promise<BundleError> {
  const { path, size } = file;
  const bytes = await file.read(0, MEMBER_HEADER.length);
  const beginsLikeOne = bytes.equals(MEMBER_HEADER.subarray(0, bytes.length));
  if (!beginsLikeOne) return notABundle(path, "it neither begins nor ends like one");
  const finding: Finding = {
    start: Math.max(0, size - FOOTER_SIZE),
    end: size,
    what: "the end (table of contents and footer)",
    how: "missing",
  };
  return damagedBundle(path, [finding]);
}

function notABundle(path: string, why: string): BundleError {
  return new BundleError("NOT_A_BUNDLE", `"${path}" is not a bundle: ${why}`, {
    hint: "A bundle is a file written by `bundle create`, usually named bundle.tar.gz.",
  });
}

import { MEMBER_TRAILER_SIZE } from "../core/chunks/gzip-member.ts";
import { TAR_BLOCK } from "../core/tar-header.ts";
import type { BundleFile } from "./bundle-file.ts";
import { MODELS_JSON } from "./layout.ts";
import { MAX_MODELS_JSON_SIZE } from "./models-json.ts";

/** Of most bundles what is looked for is near the end. */
const FIRST_WINDOW = 64 * 1024;
const LARGEST_WINDOW = 4 * 1024 * 1024;

/** MODELS.json, SHA256SUMS and the table of contents stand between its header and the end of the file. */
const SCANNED = 3 * MAX_MODELS_JSON_SIZE;

const NAME_END = Buffer.from(`/${MODELS_JSON}\0`);
const NAME_MAX = 64;

/**
 * Looks for the tar header of MODELS.json from the end of the file backwards, for a bundle whose footer or table of contents
 * is damaged or cut off. Returns where its content seems to begin and how long it says that is.
 */
export async function scanForModelsJson(
  file: BundleFile,
): Promise<{ readonly offset: number; readonly size: number } | undefined> {
  const stop = Math.max(0, file.size - SCANNED);
  let window = FIRST_WINDOW;
  for (let end = file.size; end > stop;) {
    const start = Math.max(stop, end - window);
    const bytes = await file.read(start, end - start + TAR_BLOCK);
    const found = findHeader(bytes);
    if (found !== undefined) return { offset: start + found.contentAt, size: found.size };
    end = start;
    window = Math.min(LARGEST_WINDOW, 2 * window);
  }
  return undefined;
}

function findHeader(
  bytes: Buffer,
): { readonly contentAt: number; readonly size: number } | undefined {
  for (
    let at = bytes.lastIndexOf(NAME_END);
    at >= 0;
    at = at === 0 ? -1 : bytes.lastIndexOf(NAME_END, at - 1)
  ) {
    const header = headerStart(bytes, at);
    const size = Number.parseInt(bytes.toString("latin1", header + 124, header + 135), 8);
    const isHeader = bytes.toString("latin1", header + 257, header + 262) === "ustar";
    if (isHeader && Number.isSafeInteger(size))
      return { contentAt: header + TAR_BLOCK + MEMBER_TRAILER_SIZE, size };
  }
  return undefined;
}

/** The first character of the bundle's name; what stands before it (padding or a block header) never looks like one. */
function headerStart(bytes: Buffer, nameEnd: number): number {
  let start = nameEnd;
  while (
    start > 0 &&
    nameEnd - start < NAME_MAX &&
    /[A-Za-z0-9._-]/.test(String.fromCharCode(bytes[start - 1] ?? 0))
  )
    start -= 1;
  return start;
}

import { z } from "zod";
import { chunkCount, chunkSizeAt } from "../core/chunks/chunk.ts";
import {
  MEMBER_HEADER,
  storedContentSize,
  storedMemberSize,
  storedRuns,
} from "../core/chunks/gzip-member.ts";
import { giveBack } from "../core/give-back.ts";
import { jsonOrUndefined } from "../core/json-or-undefined.ts";
import type { BundleFile } from "./bundle-file.ts";
import { FOOTER_SIZE, tocOffsetOf } from "./footer.ts";
import { MODELS_JSON, SHA256SUMS, SIGNATURE } from "./layout.ts";
import { MAX_MODELS_JSON_SIZE } from "./models-json.ts";
import { scanForModelsJson } from "./scan.ts";
import { ENTRY_SEPARATOR, TOC_END } from "./toc.ts";

/**
 * Where a bundle's last files seem to be. Nothing here is trusted: it only finds MODELS.json, from which every byte of the
 * file is then worked out and compared.
 */
export interface Located {
  readonly modelsJson: LocatedFile;
  /** As far as the table of contents names them. */
  readonly sums?: LocatedFile | undefined;
  readonly signature?: LocatedFile | undefined;
}

export interface LocatedFile {
  /** Of the first byte of its first gzip member. */
  readonly offset: number;
  /** Bytes of all its members. */
  readonly length: number;
  readonly bytes: Buffer;
  /** What the table of contents calls its digest. */
  readonly statedDigest?: string | undefined;
}

const MAX_SUMS_SIZE = 64 * 1024 * 1024;
const MAX_SIGNATURE_SIZE = 65_536;

/** How much of the end of the table of contents is looked at: far more than the entries of the last files can take. */
const TOC_TAIL = 32_768;

/** Finds MODELS.json through the footer, or where that is damaged by looking for its tar header near the end of the file. */
export async function locate(file: BundleFile): Promise<Located | undefined> {
  return (await locateByToc(file)) ?? (await locateByScan(file));
}

/** As {@link locate}, but only through a footer and a table of contents that are whole. */
export async function locateByToc(file: BundleFile): Promise<Located | undefined> {
  const { size } = file;
  const tocOffset = tocOffsetOf(await file.read(Math.max(0, size - FOOTER_SIZE), FOOTER_SIZE));
  if (tocOffset === undefined || tocOffset >= size - FOOTER_SIZE) return undefined;
  // Where bytes came in or went, everything that the table of contents names is elsewhere too.
  const header = await file.read(tocOffset, MEMBER_HEADER.length);
  if (!header.equals(MEMBER_HEADER)) return undefined;
  const entries = await lastEntries(file, tocOffset, size - FOOTER_SIZE - tocOffset);
  const read = (path: string, cap: number): Promise<LocatedFile | undefined> => {
    const entry = entries.find(({ name }) => name.endsWith(`/${path}`));
    return readStoredFile(file, entry, cap);
  };
  const modelsJson = await read(MODELS_JSON, MAX_MODELS_JSON_SIZE);
  if (modelsJson === undefined) return undefined;
  return {
    modelsJson,
    sums: await read(SHA256SUMS, MAX_SUMS_SIZE),
    signature: await read(SIGNATURE, MAX_SIGNATURE_SIZE),
  };
}

async function locateByScan(file: BundleFile): Promise<Located | undefined> {
  const found = await scanForModelsJson(file);
  const modelsJson = await readStoredFile(file, found, MAX_MODELS_JSON_SIZE);
  return modelsJson && { modelsJson };
}

const entryShape = z.object({
  name: z.string(),
  type: z.literal("reg"),
  size: z.int().nonnegative(),
  offset: z.int().positive(),
  digest: z.string().optional(),
});
type Entry = Omit<z.infer<typeof entryShape>, "type" | "name">;

/** The files that the last lines of the table of contents name. */
async function lastEntries(
  file: BundleFile,
  tocOffset: number,
  memberSize: number,
): Promise<z.infer<typeof entryShape>[]> {
  const tail = await readStoredTail(file, tocOffset, memberSize);
  const end = tail.lastIndexOf(TOC_END);
  const lines = tail.subarray(0, Math.max(0, end)).toString("utf8").split(ENTRY_SEPARATOR);
  return lines.flatMap((line) => {
    const parsed = entryShape.safeParse(jsonOrUndefined(line));
    return parsed.success ? [parsed.data] : [];
  });
}

/** The end of the content of a stored member. */
async function readStoredTail(
  file: BundleFile,
  offset: number,
  memberSize: number,
): Promise<Buffer> {
  const contentSize = storedContentSize(memberSize);
  if (contentSize === undefined) return Buffer.alloc(0);
  const runs = storedRuns(contentSize).filter(
    (run) => run.contentOffset + run.length > contentSize - TOC_TAIL,
  );
  const parts = await Promise.all(
    runs.map((run) => file.read(offset + run.memberOffset, run.length)),
  );
  return Buffer.concat(parts);
}

async function readStoredFile(
  file: BundleFile,
  entry: Entry | undefined,
  cap: number,
): Promise<LocatedFile | undefined> {
  if (entry === undefined || entry.size === 0 || entry.size > cap) return undefined;
  const members: Buffer[] = [];
  const parts: Buffer[] = [];
  let offset = entry.offset;
  for (let index = 0; index < chunkCount(entry.size); index += 1) {
    const size = chunkSizeAt(entry.size, index);
    const member = await file.read(offset, storedMemberSize(size));
    offset += storedMemberSize(size);
    members.push(member);
    parts.push(
      ...storedRuns(size).map((run) =>
        member.subarray(run.memberOffset, run.memberOffset + run.length),
      ),
    );
  }
  const bytes = Buffer.concat(parts);
  members.forEach(giveBack);
  if (bytes.length !== entry.size) return undefined;
  return { offset: entry.offset, length: offset - entry.offset, bytes, statedDigest: entry.digest };
}

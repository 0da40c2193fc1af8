import { lstat, realpath, stat } from "node:fs/promises";
import { HostError, SourceError, hasCode, messageOf } from "../core/errors.ts";
import { isSameFile, proofOf, rememberContent } from "./content-record.ts";
import { type HashOptions, hashFile } from "./hash-file.ts";
import { onDisk } from "./on-disk.ts";
import { type StatedFile, stagedFile } from "./proven-file.ts";
import type { StagedFile } from "./staged-file.ts";
import type { StagingContext } from "./staging-context.ts";
import { type WantedContent, layerOf, nameOf } from "./wanted-content.ts";

/**
 * The file behind a path of the user's, links followed, as people move blobs to larger disks and leave links. Throws
 * {@link SourceError} when there is none, or not of the wanted size.
 */
export async function findUserFile(path: string, wanted: WantedContent): Promise<StatedFile> {
  return readingUserFile(path, wanted, async () => {
    const real = await realpath(path);
    const stats = await stat(real, { bigint: true });
    if (!stats.isFile()) throw notUsable(path, wanted, "it is not a regular file");
    if (Number(stats.size) !== wanted.size) {
      throw notUsable(path, wanted, `it has ${stats.size} bytes, expected ${wanted.size}`);
    }
    return { path: real, stats };
  });
}

/** Bytes up to which hashing a file again costs less than a record of it. */
const NOT_REMEMBERED = 65_536;

export function isWorthRemembering({ size }: WantedContent): boolean {
  return size > NOT_REMEMBERED;
}

/** Hashes the file where it lies, and remembers that it was where that is worth it. Throws {@link SourceError} when its content is another. */
export async function hashUserFile(
  { paths, pool }: StagingContext,
  { path, stats, wanted }: StatedFile & { readonly wanted: WantedContent },
  options: HashOptions,
): Promise<StagedFile> {
  const before = proofOf(stats);
  const content = await readingUserFile(path, wanted, () =>
    hashFile(pool, { path, size: wanted.size, ...layerOf(wanted) }, options),
  );
  const after = await readingUserFile(path, wanted, async () =>
    proofOf(await stat(path, { bigint: true })),
  );
  if (content === undefined || !isSameFile(before, after)) {
    throw notUsable(path, wanted, "it changed while it was read");
  }
  if (content.sha256 !== wanted.sha256) {
    throw notUsable(
      path,
      wanted,
      `its content hashes to sha256:${content.sha256}, expected sha256:${wanted.sha256}`,
    );
  }
  if (isWorthRemembering(wanted))
    await onDisk(paths.root, () => rememberContent(paths, content, after));
  return stagedFile(path, wanted.size, content);
}

async function readingUserFile<T>(
  path: string,
  wanted: WantedContent,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "ELOOP"))
      throw notThere(path, wanted, await isLink(path));
    if (hasCode(error, "EACCES", "EPERM")) {
      throw new HostError(
        "NO_RIGHTS",
        `Cannot read "${path}", needed as ${nameOf(wanted)}: ${error.message}`,
        {
          hint: "Run this as the user who owns the store, or make the file readable.",
          cause: error,
        },
      );
    }
    if (hasCode(error, "EIO")) {
      throw new SourceError(
        "WRONG_CONTENT",
        `Cannot read "${path}", needed as ${nameOf(wanted)}: ${messageOf(error)}`,
        {
          hint: "The disk gives read errors; get the model again on another one.",
          cause: error,
        },
      );
    }
    throw error;
  }
}

async function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    (stats) => stats.isSymbolicLink(),
    () => false,
  );
}

function notThere(path: string, wanted: WantedContent, link: boolean): SourceError {
  const found = link ? "it is a link to a file that is not there" : "there is no such file";
  return new SourceError("INCOMPLETE", `Cannot use "${path}" as ${nameOf(wanted)}: ${found}`, {
    hint: "Get the model again with `ollama pull`.",
  });
}

function notUsable(path: string, wanted: WantedContent, found: string): SourceError {
  return new SourceError("WRONG_CONTENT", `Cannot use "${path}" as ${nameOf(wanted)}: ${found}`, {
    hint: "Remove that file and get the model again with `ollama pull`.",
  });
}

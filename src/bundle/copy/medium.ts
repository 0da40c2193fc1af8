import { constants } from "node:fs";
import { access, readdir, stat, statfs } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DefinitionError, HostError, hasCode, messageOf } from "../../core/errors.ts";
import { PARTIAL_SUFFIX } from "../output/output-file.ts";
import { PART_SUFFIX } from "../parts/part-names.ts";
import type { Cargo } from "./cargo.ts";

/** A directory that is copied to, and what its file system can take. */
export interface Medium {
  readonly directory: string;
  /** As stat(2) tells file systems apart. */
  readonly device: number;
  /** Bytes that are free, with those of `partials`. */
  readonly free: number;
  /** Bytes of a block: what a file takes is a multiple of it. */
  readonly blockSize: number;
  /** Bytes that a file can have, as far as that is known. */
  readonly largestFile: number;
  /** Names of the files that an interrupted copy of this bundle left. */
  readonly partials: readonly string[];
}

/** statfs(2), MSDOS_SUPER_MAGIC; macOS and Windows number file systems otherwise or not at all. */
const FAT = 0x4d44;
const LARGEST_ON_FAT = 2 ** 32 - 1;

/** Throws {@link HostError} for a directory that cannot be used, {@link DefinitionError} for two on one file system. */
export async function surveyMedia(
  directories: readonly string[],
  cargo: Pick<Cargo, "name" | "items">,
): Promise<readonly Medium[]> {
  const media: Medium[] = [];
  for (const directory of directories) {
    const medium = await surveyMedium(resolve(directory), cargo);
    const same = media.find(({ device }) => device === medium.device);
    if (same !== undefined) throw onOneFileSystem(same, medium);
    media.push(medium);
  }
  return media;
}

async function surveyMedium(
  directory: string,
  cargo: Pick<Cargo, "name" | "items">,
): Promise<Medium> {
  try {
    const [{ dev }, names] = [await stat(directory), await readdir(directory)];
    const { type, bavail, bsize } = await statfs(directory);
    const partials = names.filter((name) => isPartialOf(name, cargo));
    const left = await Promise.all(partials.map((name) => stat(join(directory, name))));
    return {
      directory,
      device: dev,
      free: left.reduce((sum, { size }) => sum + size, bavail * bsize),
      blockSize: bsize,
      largestFile: process.platform === "linux" && type === FAT ? LARGEST_ON_FAT : Infinity,
      partials,
    };
  } catch (cause) {
    const isMissing = hasCode(cause, "ENOENT", "ENOTDIR");
    const why = isMissing ? "there is no such directory" : messageOf(cause);
    throw new HostError("IO", `Cannot copy to "${directory}": ${why}`, {
      cause,
      hint: "See that the medium is in and mounted there.",
    });
  }
}

/** Throws {@link HostError} where nothing can be written. */
export async function assertWritableMedium({ directory }: Medium): Promise<void> {
  try {
    await access(directory, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new HostError("NO_RIGHTS", `Cannot copy to "${directory}": it is not writable`, {
      cause,
      hint: "See that the medium is not write-protected and that you may write there.",
    });
  }
}

/** Throws {@link HostError} where another medium, or none, is there by now: files would land on what is below. */
export async function assertSameMedium({ directory, device }: Medium): Promise<void> {
  const { dev } = await stat(directory);
  if (dev === device) return;
  throw new HostError("IO", `Cannot copy on to "${directory}": the medium there was changed`, {
    hint: "Put it in again, mount it, and type the same command again.",
  });
}

function isPartialOf(file: string, { name, items }: Pick<Cargo, "name" | "items">): boolean {
  if (!file.endsWith(PARTIAL_SUFFIX)) return false;
  const whole = file.slice(0, -PARTIAL_SUFFIX.length);
  return items.some((item) => item.name === whole) || whole.replace(PART_SUFFIX, "") === name;
}

function onOneFileSystem(one: Medium, other: Medium): DefinitionError {
  return new DefinitionError(
    "USAGE",
    `Cannot copy to "${one.directory}" and "${other.directory}": they are on one file system`,
    { hint: "Name one of them, or see that each medium is mounted." },
  );
}

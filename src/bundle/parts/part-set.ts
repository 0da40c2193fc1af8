import { BundleError } from "../../core/errors.ts";
import type { PartsJson } from "./parts-json.ts";
import type { SidecarFlaw } from "./sidecar-flaw.ts";

/** A part as it must be, and the file that seems to be it. */
export interface Part {
  readonly name: string;
  /** Bytes that it must have. */
  readonly bytes: number;
  /** Missing where no sidecar says it. */
  readonly sha256?: string;
  /** Missing where it was not found. */
  readonly file?: FoundFile | undefined;
  /** Whether the file has this part's name, and mostly other content. */
  readonly isOther?: boolean;
  /** Other files that have the name of this part, in other directories. */
  readonly spares?: readonly FoundFile[];
}

export interface FoundFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** A bundle in parts, in one or several directories. */
export interface PartSet {
  /** What the parts are called without their numbers, in the first of the directories. */
  readonly path: string;
  readonly parts: readonly Part[];
  readonly sidecar?: PartsJson | undefined;
  /** Lists of parts that are there and were left aside. */
  readonly flaws: readonly SidecarFlaw[];
}

/** Throws {@link BundleError} INCOMPLETE unless every part is there and as long as it must be. */
export function assertComplete({ path, parts }: PartSet): void {
  const wrong = parts.flatMap((part, index) => problemOf(part, `part ${index + 1}`) ?? []);
  if (wrong.length === 0) return;
  throw new BundleError(
    "INCOMPLETE",
    `Cannot use "${path}": of ${parts.length} parts ${wrong.slice(0, 10).join(", ")}`,
    {
      hint: "Name every directory that has parts, and run `bundle verify` to see which are to be brought.",
    },
  );
}

/** Whether there is a file for every part. */
export function isWhole({ parts }: PartSet): boolean {
  return parts.every(({ file }) => file !== undefined);
}

/** What its size tells of a part. */
export function problemOf({ bytes, file }: Part, called: string): string | undefined {
  if (file === undefined) return `${called} is missing`;
  if (file.size === bytes) return undefined;
  return `${called} is too ${file.size < bytes ? "short" : "long"}`;
}

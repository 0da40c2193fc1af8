import { SourceError } from "../core/errors.ts";
import { shortId } from "../core/short-id.ts";
import type { StagedFile } from "./staged-file.ts";

/** Content that something else names by its digest. */
export interface WantedContent {
  /** sha256, hex. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  /** What it belongs to, for messages: `blob of "tiny:latest"`. */
  readonly label?: string | undefined;
  /** Whether it is a model's blob, so that its image layer's diff_id is wanted (where it has more than one chunk). */
  readonly asModelBlob?: boolean | undefined;
}

/** What {@link HashPlan} calls `layerOf`. */
export function layerOf({ sha256, size, asModelBlob }: WantedContent): {
  layerOf?: { sha256: string; size: number };
} {
  return asModelBlob === true ? { layerOf: { sha256, size } } : {};
}

/** `sha256:0534f0df42e6 (blob of "tiny:latest")` */
export function nameOf({ sha256, label }: WantedContent): string {
  return `sha256:${shortId(sha256)}${label === undefined ? "" : ` (${label})`}`;
}

export function wrongContent(wanted: WantedContent, found: string): SourceError {
  const { size, sha256 } = wanted;
  return new SourceError(
    "WRONG_CONTENT",
    `Cannot stage ${nameOf(wanted)}: ${found}, expected ${size} bytes that hash to sha256:${sha256}`,
    {
      hint: "Try again; if the source gives the same bytes again, it is damaged: use another one.",
    },
  );
}

/** A source that states another size than the content has would fail as well if the content were not here yet. */
export function ofWantedSize(file: StagedFile, wanted: WantedContent): StagedFile {
  if (file.size === wanted.size) return file;
  throw wrongContent(wanted, `sha256:${file.sha256} has ${file.size} bytes`);
}

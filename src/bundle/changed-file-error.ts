import { SourceError } from "../core/errors.ts";
import type { PackEntry } from "./pack-entry.ts";

/** A file is not what it was when it was staged. Who staged it has to look at it again. */
export class ChangedFileError extends SourceError {
  /** Of what it should be: hex. */
  readonly sha256: string;

  constructor(
    { path, from, sha256 }: Pick<PackEntry, "path" | "sha256"> & Partial<PackEntry>,
    cause?: unknown,
  ) {
    const place = typeof from === "string" ? ` ("${from}")` : "";
    super(
      "WRONG_CONTENT",
      `Cannot pack "${path}"${place}: it is not what it was when it was staged`,
      {
        hint: "Let nothing write there, and create the bundle again: that file is then hashed anew.",
        cause,
      },
    );
    this.sha256 = sha256;
  }
}
